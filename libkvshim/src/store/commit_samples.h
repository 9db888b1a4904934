// CommitSamples: the last commits, for what Status says of them.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"
#include "base/mutex.h"
#include "sql/statistics.h"

namespace kvshim::store {

class CommitSamples {
 public:
  void Add(const sql::CommitSample& sample);

  struct Summary {
    double rows_mean = 0;
    double seconds_p50 = 0;
    double seconds_p99 = 0;
  };
  Summary Summarize() const;

 private:
  struct Sample {
    double rows = 0;
    double seconds = 0;
  };

  mutable base::Mutex mutex_;
  std::array<Sample, 1024> samples_ GUARDED_BY(mutex_);  // a ring
  size_t added_ GUARDED_BY(mutex_) = 0;
};

}  // namespace kvshim::store
