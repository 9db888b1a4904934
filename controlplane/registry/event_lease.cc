#include "registry/event_lease.h"

#include "base/status.h"

namespace kvplane::registry {

namespace {

constexpr std::chrono::seconds kKept(3600);
constexpr std::chrono::seconds kShared(60);
// A lease's keys go in one revision: not too many at once.
constexpr size_t kMostUses = 1000;

}  // namespace

absl::StatusOr<kvshim::LeaseId> EventLease::Current() {
  {
    kvshim::base::MutexLock lock(mutex_);
    const bool fresh = lease_ != kvshim::kNoLease && clock_.Now() < fresh_until_;
    if (fresh && uses_ < kMostUses) {
      ++uses_;
      return lease_;
    }
  }
  // Several may be granted where many ask at once; each is used.
  ASSIGN_OR_RETURN(const kvshim::LeaseGrantResponse granted,
                   store_.LeaseGrant({.ttl = (kKept + kShared).count()}));
  kvshim::base::MutexLock lock(mutex_);
  lease_ = granted.id;
  uses_ = 1;
  fresh_until_ = clock_.Now() + kShared;
  return lease_;
}

}  // namespace kvplane::registry
