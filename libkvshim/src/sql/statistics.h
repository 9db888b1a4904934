// What a database counts of itself, for metrics.
//
// Thread safety: Statistics is a copy. A CommitObserver is called on the thread that committed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace kvshim::sql {

// One append that was made durable.
struct CommitSample {
  int64_t rows = 0;
  int64_t bytes = 0;                  // of keys and values
  std::chrono::nanoseconds total{0};  // the whole append, waiting for the commit lock included
  std::chrono::nanoseconds sync{0};   // COMMIT alone: writing and flushing
};

using CommitObserver = std::function<void(const CommitSample&)>;

struct Statistics {
  int64_t commits = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t conflicts = 0;
  int64_t failures = 0;
  int64_t deleted_rows = 0;
  int64_t checkpoints = 0;
  int64_t wal_bytes = 0;  // of the write-ahead log at this moment
};

}  // namespace kvshim::sql
