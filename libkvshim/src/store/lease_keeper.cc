#include "store/lease_keeper.h"

#include <utility>

#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

constexpr std::chrono::milliseconds kLookEvery{200};
constexpr std::chrono::seconds kRetryAfter{1};
constexpr size_t kExpiriesALook = 1000;

}  // namespace

LeaseKeeper::LeaseKeeper(lease::Lessor& lessor, const mvcc::Index& index, base::Executor& timers,
                         base::Clock& clock, base::MetricsRegistry& metrics, Submit submit,
                         std::function<bool()> may_end)
    : lessor_(lessor),
      index_(index),
      timers_(timers),
      clock_(clock),
      submit_(std::move(submit)),
      may_end_(std::move(may_end)),
      expired_(metrics.AddCounter("etcd_server_lease_expired_total",
                                  "The total number of expired leases.")),
      renewed_(metrics.AddCounter("etcd_debugging_lease_renewed_total",
                                  "The number of renewed leases seen by the leader.")) {}

void LeaseKeeper::ScheduleLook() {
  timers_.Schedule(clock_.Now() + kLookEvery, [this] { Look(); });
}

void LeaseKeeper::Look() {
  if (may_end_()) {
    for (const lease::LeaseRenewal& expired : lessor_.TakeExpired(clock_.Now(), kExpiriesALook)) {
      Expire(expired);
    }
  }
  ScheduleLook();
}

void LeaseKeeper::Expire(const lease::LeaseRenewal& expired) {
  auto evaluate = [expired](OpenBatch& batch, const mvcc::Index::View& view,
                            mvcc::Values& values) -> absl::StatusOr<bool> {
    if (!batch.leases.RevokeExpired(expired)) return false;
    batch.writes.DeleteKeysOf(view, expired.id, values);
    return true;
  };
  auto proposal = Propose<bool>(std::move(evaluate), [this, expired](absl::StatusOr<bool> revoked) {
    if (revoked.ok() && *revoked) {
      expired_.Increment();
    } else {
      lessor_.ReturnExpired(expired.id, clock_.Now() + kRetryAfter);
    }
  });
  proposal->expires = expired.id;
  submit_(std::move(proposal));
}

void LeaseKeeper::KeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done) {
  const lease::KeepAliveOutcome outcome = lessor_.KeepAlive(id);
  if (outcome.result != lease::KeepAliveResult::kEnding) {
    if (outcome.result == lease::KeepAliveResult::kRenewed) renewed_.Increment();
    done(LeaseKeepAliveResponse{.revision = index_.revision(), .id = id, .ttl = outcome.ttl});
    return;
  }
  {
    base::MutexLock lock(mutex_);
    waiting_[id].push_back(std::move(done));
  }
  // It may have ended between the two.
  if (!lessor_.Exists(id)) AnswerGone(id);
}

void LeaseKeeper::Applied(const std::vector<log::Op>& ops) {
  for (const log::Op& op : ops) {
    if (const auto* revoke = std::get_if<log::LeaseRevoke>(&op)) AnswerGone(revoke->id);
  }
}

void LeaseKeeper::AnswerGone(LeaseId id) {
  Waiting due;
  {
    base::MutexLock lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    due = std::move(found->second);
    waiting_.erase(found);
  }
  for (auto& done : due) {
    done(LeaseKeepAliveResponse{.revision = index_.revision(), .id = id, .ttl = 0});
  }
}

void LeaseKeeper::Stop() {
  absl::flat_hash_map<LeaseId, Waiting> due;
  {
    base::MutexLock lock(mutex_);
    due.swap(waiting_);
  }
  for (auto& [id, waiting] : due) {
    for (auto& done : waiting) done(mvcc::Stopped());
  }
}

}  // namespace kvshim::store
