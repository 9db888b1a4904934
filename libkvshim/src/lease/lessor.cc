#include "lease/lessor.h"

#include <algorithm>
#include <utility>

#include "mvcc/errors.h"

namespace kvshim::lease {
namespace {

// Stale entries are swept out from this many on, once they are the majority.
constexpr size_t kSweepFrom = 1024;

base::TimePoint After(base::TimePoint now, int64_t seconds) {
  const auto room = std::chrono::duration_cast<std::chrono::seconds>(base::TimePoint::max() - now);
  if (seconds >= room.count()) return base::TimePoint::max();
  return now + std::chrono::seconds(seconds);
}

}  // namespace

Lessor::Lessor(base::Clock& clock) : Lessor(clock, std::random_device{}()) {}
Lessor::Lessor(base::Clock& clock, uint64_t seed) : clock_(clock), random_(seed) {}

void Lessor::Restore(const std::vector<LeaseGrant>& leases) {
  base::MutexLock lock(mutex_);
  leases_.clear();
  heap_.clear();
  leases_.reserve(leases.size());
  for (const LeaseGrant& stored : leases) {
    Lease& lease = leases_[stored.id];
    lease.ttl = stored.ttl;
    lease.renew = stored.renew;
    Extend(lease);
    Push(stored.id, lease, lease.deadline);
  }
}

absl::StatusOr<LeaseGrant> Lessor::CheckGrant(const LeaseGrantRequest& request,
                                              const mvcc::LeaseView* pending) {
  if (request.ttl > kMaxTtl) return mvcc::LeaseTtlTooLarge();
  const mvcc::LeaseView& view = pending != nullptr ? *pending : *this;
  LeaseGrant grant{.id = request.id, .ttl = std::max(request.ttl, kMinTtl)};
  if (grant.id != kNoLease) {
    if (view.Exists(grant.id)) return mvcc::LeaseExists();
    return grant;
  }
  do {
    base::MutexLock lock(mutex_);
    grant.id = LeaseId{static_cast<int64_t>(random_() >> 1)};
  } while (grant.id == kNoLease || view.Exists(grant.id));
  return grant;
}

void Lessor::ApplyGrant(const LeaseGrant& grant) {
  base::MutexLock lock(mutex_);
  Lease& lease = leases_[grant.id];
  lease.ttl = grant.ttl;
  lease.renew = grant.renew;
  lease.ending = false;
  Extend(lease);
  Push(grant.id, lease, lease.deadline);
}

bool Lessor::ApplyRevoke(LeaseId id) {
  base::MutexLock lock(mutex_);
  if (leases_.erase(id) == 0) return false;
  DropStaleEntries();
  return true;
}

void Lessor::ApplyRenewal(const LeaseRenewal& renewal) {
  base::MutexLock lock(mutex_);
  const auto found = leases_.find(renewal.id);
  if (found == leases_.end() || renewal.renew <= found->second.renew) return;
  found->second.renew = renewal.renew;
  Extend(found->second);
}

bool Lessor::Exists(LeaseId id) const {
  base::MutexLock lock(mutex_);
  return leases_.contains(id);
}

LeaseGrant Lessor::Find(LeaseId id) const {
  base::MutexLock lock(mutex_);
  const auto found = leases_.find(id);
  if (found == leases_.end()) return {};
  return {.id = id, .ttl = found->second.ttl, .renew = found->second.renew};
}

KeepAliveOutcome Lessor::KeepAlive(LeaseId id) {
  base::MutexLock lock(mutex_);
  const auto found = leases_.find(id);
  if (found == leases_.end()) return {.result = KeepAliveResult::kNotFound};
  Lease& lease = found->second;
  if (lease.ending || lease.deadline <= clock_.Now()) return {.result = KeepAliveResult::kEnding};
  Extend(lease);
  ++lease.renew;
  return {.result = KeepAliveResult::kRenewed, .ttl = lease.ttl, .renew = lease.renew};
}

TimeToLiveOutcome Lessor::TimeToLive(LeaseId id) const {
  base::MutexLock lock(mutex_);
  const auto found = leases_.find(id);
  if (found == leases_.end()) return {};
  const Lease& lease = found->second;
  const auto left =
      std::chrono::duration_cast<std::chrono::seconds>(lease.deadline - clock_.Now()).count();
  return {.ttl = lease.ending ? 0 : std::max<int64_t>(left, 0), .granted_ttl = lease.ttl};
}

std::vector<LeaseId> Lessor::Leases() const {
  std::vector<std::pair<base::TimePoint, LeaseId>> order;
  {
    base::MutexLock lock(mutex_);
    order.reserve(leases_.size());
    for (const auto& [id, lease] : leases_) order.emplace_back(lease.deadline, id);
  }
  std::sort(order.begin(), order.end());
  std::vector<LeaseId> ids;
  ids.reserve(order.size());
  for (const auto& [deadline, id] : order) ids.push_back(id);
  return ids;
}

size_t Lessor::size() const {
  base::MutexLock lock(mutex_);
  return leases_.size();
}

std::vector<LeaseRenewal> Lessor::TakeExpired(base::TimePoint now, size_t limit) {
  base::MutexLock lock(mutex_);
  std::vector<LeaseRenewal> expired;
  while (expired.size() < limit) {
    Settle();
    if (heap_.empty() || heap_.front().time > now) break;
    const LeaseId id = heap_.front().id;
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    heap_.pop_back();
    Lease& lease = leases_.at(id);
    lease.entry = 0;
    lease.ending = true;
    expired.push_back({.id = id, .renew = lease.renew});
  }
  return expired;
}

void Lessor::ReturnExpired(LeaseId id, base::TimePoint retry) {
  base::MutexLock lock(mutex_);
  const auto found = leases_.find(id);
  if (found == leases_.end() || !std::exchange(found->second.ending, false)) return;
  Push(id, found->second, std::max(retry, found->second.deadline));
}

base::TimePoint Lessor::next_deadline() {
  base::MutexLock lock(mutex_);
  Settle();
  return heap_.empty() ? base::TimePoint::max() : heap_.front().time;
}

void Lessor::ExtendAll() {
  base::MutexLock lock(mutex_);
  for (auto& [id, lease] : leases_) Extend(lease);
}

void Lessor::Extend(Lease& lease) { lease.deadline = After(clock_.Now(), lease.ttl); }

void Lessor::Push(LeaseId id, Lease& lease, base::TimePoint time) {
  lease.entry = ++entries_;
  heap_.push_back({.time = time, .id = id, .number = lease.entry});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

bool Lessor::Stands(const Entry& entry) const {
  const auto found = leases_.find(entry.id);
  return found != leases_.end() && found->second.entry == entry.number;
}

void Lessor::Settle() {
  while (!heap_.empty()) {
    const Entry front = heap_.front();
    const bool stands = Stands(front);
    if (stands && leases_.at(front.id).deadline <= front.time) return;
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    heap_.pop_back();
    if (stands) {
      Lease& lease = leases_.at(front.id);
      Push(front.id, lease, lease.deadline);
    }
  }
}

void Lessor::DropStaleEntries() {
  if (heap_.size() < kSweepFrom || heap_.size() < 2 * leases_.size()) return;
  std::erase_if(heap_,
                [this](const Entry& entry) NO_THREAD_SAFETY_ANALYSIS { return !Stands(entry); });
  std::make_heap(heap_.begin(), heap_.end(), Later);
}

}  // namespace kvshim::lease
