#include "transfer/etcd_target.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "transfer/etcd_client.h"

namespace kvshim::transfer {
namespace {

using base::Concat;

constexpr char kMark[] = "kvshim-import-unfinished";
constexpr size_t kBytesAtOnce = size_t{512} << 10;
// How many keepalives a lease gets within its time to live.
constexpr int kKeepAlives = 4;

size_t HashOf(const std::string& value, int64_t lease) {
  return std::hash<std::string>()(value) * 31 + std::hash<int64_t>()(lease);
}

class EtcdTarget final : public Target {
 public:
  EtcdTarget(std::unique_ptr<EtcdClient> client, std::string origin)
      : client_(std::move(client)),
        origin_(std::move(origin)),
        name_(Concat("the etcd ", client_->name())) {}

  const std::string& name() const override { return name_; }
  bool resumed() const override { return resumed_; }

  absl::Status Inspect() {
    int64_t keys = 0;
    std::string mark;
    RETURN_IF_ERROR(client_->List(0, false, [&](const etcdserverpb::RangeResponse& page) {
      keys = std::max(keys, page.count());
      for (const auto& kv : page.kvs()) {
        if (kv.key() == kMark) {
          mark = kv.value();
        } else {
          present_[kv.key()] = HashOf(kv.value(), kv.lease());
        }
      }
      return absl::OkStatus();
    }));
    resumed_ = !mark.empty();
    if (resumed_ && mark == origin_) return absl::OkStatus();
    if (resumed_) {
      return absl::FailedPreconditionError(Concat(name_, " holds the unfinished import of ", mark,
                                                  ", not of ", origin_,
                                                  "; remove its keys, or name another one"));
    }
    ASSIGN_OR_RETURN(const std::vector<int64_t> leases, client_->Leases());
    if (keys == 0 && leases.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(Concat(name_, " is not empty: it has ", keys, " keys and ",
                                                leases.size(), " leases; name an empty one"));
  }

  absl::Status Begin(const Inventory& inventory) override {
    if (!resumed_) RETURN_IF_ERROR(PutMark());
    ASSIGN_OR_RETURN(const std::vector<int64_t> there, client_->Leases());
    for (const log::LeaseGrant& lease : inventory.leases) {
      const auto id = static_cast<int64_t>(lease.id);
      const Kept kept{id, std::chrono::milliseconds(std::chrono::seconds(lease.ttl)) / kKeepAlives};
      if (std::ranges::binary_search(there, id)) {
        due_.emplace(base::TimePoint{}, kept);
        continue;
      }
      etcdserverpb::LeaseGrantRequest request;
      request.set_id(id);
      request.set_ttl(lease.ttl);
      const auto granted = client_->Call<etcdserverpb::LeaseGrantResponse>(kLeaseGrant, request);
      // A repeated call finds what the first one did.
      if (!granted.ok() && granted.status().code() != absl::StatusCode::kFailedPrecondition) {
        return granted.status();
      }
      due_.emplace(base::Clock::Real().Now() + kept.every, kept);
      RETURN_IF_ERROR(KeepAlive());
    }
    return absl::OkStatus();
  }

  absl::Status Add(const KeyValue& row) override {
    RETURN_IF_ERROR(KeepAlive());
    std::string key(row.key());
    if (key == kMark) {
      return absl::FailedPreconditionError(
          Concat("the source has the key ", kMark, ": it is itself an unfinished import"));
    }
    std::string value(row.value());
    const auto lease = static_cast<int64_t>(row.lease());
    if (const auto present = present_.find(key); present != present_.end()) {
      const bool same = present->second == HashOf(value, lease);
      present_.erase(present);
      if (same) return absl::OkStatus();
    }
    const size_t size = key.size() + value.size();
    if (bytes_ + size > kBytesAtOnce || txn_.success_size() == kMaxTxnOps) {
      RETURN_IF_ERROR(Flush());
    }
    bytes_ += size;
    etcdserverpb::PutRequest& put = *txn_.add_success()->mutable_request_put();
    put.set_key(std::move(key));
    put.set_value(std::move(value));
    put.set_lease(lease);
    return absl::OkStatus();
  }

  absl::Status Complete(int64_t /*revision*/) override {
    for (const auto& [key, hash] : present_) {
      if (txn_.success_size() == kMaxTxnOps) RETURN_IF_ERROR(Flush());
      txn_.add_success()->mutable_request_delete_range()->set_key(key);
    }
    present_.clear();
    return Flush();
  }

  absl::StatusOr<Digest> ReadBack(const std::function<void(const KeyValue&)>& on_row) override {
    Digest digest(Digest::Of::kValues);
    RETURN_IF_ERROR(client_->List(0, false, [&](const etcdserverpb::RangeResponse& page) {
      for (const auto& kv : page.kvs()) {
        if (kv.key() == kMark) continue;
        const KeyValue row = KeyValue::Make({.key = kv.key(),
                                             .value = kv.value(),
                                             .create_revision = kv.create_revision(),
                                             .mod_revision = kv.mod_revision(),
                                             .version = kv.version(),
                                             .lease = LeaseId{kv.lease()}});
        digest.Add(row);
        on_row(row);
      }
      return KeepAlive();
    }));
    ASSIGN_OR_RETURN(const std::vector<int64_t> ids, client_->Leases());
    std::vector<log::LeaseGrant> leases;
    for (const int64_t id : ids) leases.push_back({LeaseId{id}, 0});
    digest.Add(leases);
    return digest;
  }

  absl::Status Publish() override {
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(kMark);
    return client_->Call<etcdserverpb::DeleteRangeResponse>(kDeleteRange, request).status();
  }

 private:
  absl::Status PutMark() {
    etcdserverpb::PutRequest request;
    request.set_key(kMark);
    request.set_value(origin_);
    return client_->Call<etcdserverpb::PutResponse>(kPut, request).status();
  }

  absl::Status Flush() {
    if (txn_.success_size() > 0) {
      RETURN_IF_ERROR(client_->Call<etcdserverpb::TxnResponse>(kTxn, txn_).status());
    }
    txn_.Clear();
    bytes_ = 0;
    return absl::OkStatus();
  }

  // Of those whose time it is: with tens of thousands of leases, all of them would take too long.
  absl::Status KeepAlive() {
    const base::TimePoint now = base::Clock::Real().Now();
    std::vector<int64_t> ids;
    std::vector<Kept> kept;
    for (; !due_.empty() && due_.begin()->first <= now; due_.erase(due_.begin())) {
      kept.push_back(due_.begin()->second);
      ids.push_back(kept.back().id);
    }
    if (ids.empty()) return absl::OkStatus();
    for (const Kept& lease : kept) due_.emplace(now + lease.every, lease);
    return client_->KeepAlive(ids);
  }

  const std::unique_ptr<EtcdClient> client_;
  const std::string origin_;
  const std::string name_;
  bool resumed_ = false;
  std::unordered_map<std::string, size_t> present_;  // what an earlier run put, by key
  struct Kept {
    int64_t id;
    std::chrono::milliseconds every;
  };
  std::multimap<base::TimePoint, Kept> due_;  // when each lease is to be kept alive next
  etcdserverpb::TxnRequest txn_;
  size_t bytes_ = 0;  // of txn_
};

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> OpenEtcdTarget(const std::string& name,
                                                       const std::string& origin,
                                                       const sql::NetworkOptions& network) {
  ASSIGN_OR_RETURN(auto client, EtcdClient::Connect(name, network));
  auto target = std::make_unique<EtcdTarget>(std::move(client), origin);
  RETURN_IF_ERROR(target->Inspect());
  return target;
}

}  // namespace kvshim::transfer
