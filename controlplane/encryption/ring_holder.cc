#include "encryption/ring_holder.h"

#include <utility>

#include "base/status.h"
#include "cluster/seal.h"

namespace kvplane::encryption {

using kvshim::base::MutexLock;

std::shared_ptr<const HeldRing> RingHolder::Current() const {
  MutexLock lock(mutex_);
  return held_;
}

void RingHolder::Reload(std::function<void(absl::Status)> done) {
  store_.Range({.key = kRingKey},
               [this, done = std::move(done)](absl::StatusOr<kvshim::RangeResponse> response) {
                 done(response.ok() ? Take(*response) : response.status());
               });
}

absl::Status RingHolder::Reload() {
  ASSIGN_OR_RETURN(const kvshim::RangeResponse response,
                   store_.Range(kvshim::RangeRequest{.key = kRingKey}));
  return Take(response);
}

absl::Status RingHolder::Take(const kvshim::RangeResponse& response) {
  auto held = std::make_shared<HeldRing>();
  if (!response.kvs.empty()) {
    const kvshim::KeyValue& kv = response.kvs.front();
    ASSIGN_OR_RETURN(const std::string text, cluster::Open(password_, kRingKey, kv.value()));
    ASSIGN_OR_RETURN(held->ring, KeyRing::FromJson(text));
    held->revision = kv.mod_revision();
  }
  MutexLock lock(mutex_);
  if (held->revision >= held_->revision) held_ = std::move(held);
  return absl::OkStatus();
}

absl::Status RingHolder::Replace(const HeldRing& expected, const KeyRing& ring) {
  ASSIGN_OR_RETURN(std::string sealed, cluster::Seal(password_, kRingKey, ring.ToJson()));
  kvshim::TxnRequest txn;
  txn.compare.push_back(
      {.target = kvshim::CompareTarget::kMod, .key = kRingKey, .number = expected.revision});
  txn.success.emplace_back(kvshim::PutRequest{.key = kRingKey, .value = std::move(sealed)});
  ASSIGN_OR_RETURN(const kvshim::TxnResponse done, store_.Txn(std::move(txn)));
  RETURN_IF_ERROR(Reload());
  if (done.succeeded) return absl::OkStatus();
  return absl::AbortedError("another server changes the keys at the same time; try again");
}

}  // namespace kvplane::encryption
