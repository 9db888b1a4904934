// Compactor: has the history of an etcd compacted every so often, so that what is older than that
// is forgotten. Any number of servers may do so at one etcd: they agree by a key of Kubernetes' own
// API server, compact_rev_key, whose version counts the compactions; so an API server that uses the
// same etcd takes part.
//
// Once in each interval whoever finds the key as it left it compacts to the revision that it noted
// an interval ago; the others only note the new state.
//
// Thread safety: created and destroyed by one thread; works on its own.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/executor.h"
#include "kvshim/store.h"

namespace kvshim::remote {

class Compactor {
 public:
  // `store` must outlive it.
  Compactor(Store& store, std::chrono::milliseconds interval,
            base::Clock& clock = base::Clock::Real());

  // For tests with a clock of their own.
  void RunDue() { executor_.RunDue(); }

 private:
  void Schedule();
  absl::Status Compact();

  Store& store_;
  const std::chrono::milliseconds interval_;
  base::Clock& clock_;
  int64_t version_ = 0;   // of the key as it was found last
  int64_t revision_ = 0;  // of the store at that time; 0: none yet
  base::Executor executor_;
};

}  // namespace kvshim::remote
