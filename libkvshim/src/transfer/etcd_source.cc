#include "transfer/etcd_source.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/error.h"
#include "transfer/etcd_client.h"

namespace kvshim::transfer {
namespace {

using base::Concat;

// What is granted to a lease that ended while it was looked at: its keys are about to go.
constexpr int64_t kLeastTtl = 2;

class EtcdSource final : public Source {
 public:
  EtcdSource(std::unique_ptr<EtcdClient> client, bool full_ttl)
      : client_(std::move(client)),
        full_ttl_(full_ttl),
        name_(Concat("the etcd ", client_->name())),
        origin_(Concat("etcd ", client_->cluster_id())) {}

  const std::string& name() const override { return name_; }
  const std::string& origin() const override { return origin_; }

  absl::StatusOr<Inventory> Look() override {
    Inventory inventory;
    keys_.clear();
    std::set<int64_t> used;
    revision_ = 0;
    RETURN_IF_ERROR(client_->List(0, true, [&](const etcdserverpb::RangeResponse& page) {
      if (revision_ == 0) revision_ = page.header().revision();
      for (const auto& kv : page.kvs()) {
        keys_.push_back({kv.mod_revision(), kv.key()});
        if (kv.lease() != 0) used.insert(kv.lease());
      }
      return absl::OkStatus();
    }));
    std::ranges::sort(keys_);
    ASSIGN_OR_RETURN(const std::vector<int64_t> leases, client_->Leases());
    used.insert(leases.begin(), leases.end());
    for (const int64_t id : used) {
      etcdserverpb::LeaseTimeToLiveRequest request;
      request.set_id(id);
      ASSIGN_OR_RETURN(const auto lease, client_->Call<etcdserverpb::LeaseTimeToLiveResponse>(
                                             kLeaseTimeToLive, request));
      const int64_t ttl = full_ttl_ && lease.ttl() > 0 ? lease.grantedttl() : lease.ttl();
      inventory.leases.push_back({LeaseId{id}, std::max(ttl, kLeastTtl)});
    }
    inventory.revision = inventory.compact_revision = revision_;
    inventory.rows = inventory.keys = static_cast<int64_t>(keys_.size());
    return inventory;
  }

  absl::Status Visit(const std::function<absl::Status(const KeyValue&)>& visit) override {
    uint32_t sub = 0;
    for (size_t begin = 0; begin < keys_.size(); begin += kMaxTxnOps) {
      const size_t count = std::min<size_t>(kMaxTxnOps, keys_.size() - begin);
      etcdserverpb::TxnRequest request;
      for (size_t i = begin; i < begin + count; ++i) {
        etcdserverpb::RangeRequest& range = *request.add_success()->mutable_request_range();
        range.set_key(keys_[i].second);
        range.set_revision(revision_);
      }
      auto response = client_->Call<etcdserverpb::TxnResponse>(kTxn, request);
      if (response.status().code() == absl::StatusCode::kOutOfRange) {
        return sql::MakeError(sql::ErrorKind::kConflict,
                              Concat(name_, " was compacted while it was read at revision ",
                                     revision_, "; stop its compaction, or run it again"));
      }
      RETURN_IF_ERROR(response.status());
      for (size_t i = begin; i < begin + count; ++i) {
        const int index = static_cast<int>(i - begin);
        if (index >= response->responses_size() ||
            response->responses(index).response_range().kvs_size() != 1) {
          return absl::DataLossError(
              Concat(name_, " does not give a key back that it listed at revision ", revision_));
        }
        const auto& kv = response->responses(index).response_range().kvs(0);
        // In which order a txn wrote its keys is not told.
        sub = i > 0 && keys_[i - 1].first == keys_[i].first ? sub + 1 : 0;
        RETURN_IF_ERROR(visit(KeyValue::Make({.key = kv.key(),
                                              .value = kv.value(),
                                              .create_revision = kv.create_revision(),
                                              .mod_revision = kv.mod_revision(),
                                              .version = kv.version(),
                                              .lease = LeaseId{kv.lease()},
                                              .sub = sub})));
      }
    }
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<EtcdClient> client_;
  const bool full_ttl_;
  const std::string name_;
  const std::string origin_;
  int64_t revision_ = 0;
  std::vector<std::pair<int64_t, std::string>> keys_;  // (mod_revision, key), ascending
};

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenEtcdSource(const std::string& name,
                                                       const SourceOptions& options) {
  ASSIGN_OR_RETURN(auto client, EtcdClient::Connect(name, options.network));
  return std::make_unique<EtcdSource>(std::move(client), options.full_ttl);
}

}  // namespace kvshim::transfer
