// EventLease: events are kept an hour. Those of the same minute share a lease, which the store ends
// with all of them.
//
// Thread safety: every method may be called from any thread that may wait for the store.
//
//   ASSIGN_OR_RETURN(put.lease, events.Current());
#pragma once

#include <chrono>
#include <cstddef>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kinds/kind.h"
#include "kvshim/store.h"

namespace kvplane::registry {

class EventLease {
 public:
  explicit EventLease(kvshim::Store& store,
                      kvshim::base::Clock& clock = kvshim::base::Clock::Real())
      : store_(store), clock_(clock) {}

  static bool Concerns(const kinds::Kind& kind) {
    return kind.group.empty() && kind.plural == "events";
  }

  // One that lasts an hour at least, and a minute more at most.
  absl::StatusOr<kvshim::LeaseId> Current();

 private:
  kvshim::Store& store_;
  kvshim::base::Clock& clock_;
  kvshim::base::Mutex mutex_;
  kvshim::LeaseId lease_ GUARDED_BY(mutex_) = kvshim::kNoLease;
  size_t uses_ GUARDED_BY(mutex_) = 0;
  kvshim::base::TimePoint fresh_until_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::registry
