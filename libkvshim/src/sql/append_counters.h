// AppendCounters: what every dialect counts of its appends, and tells of each.
//
// Thread safety: every method may be called from any thread.
//
//   return counters_.Count(request, [&](CommitSample& sample) { return Flush(request, sample); });
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "sql/database.h"
#include "sql/error.h"
#include "sql/statistics.h"

namespace kvshim::sql {

class AppendCounters {
 public:
  explicit AppendCounters(CommitObserver on_commit) : on_commit_(std::move(on_commit)) {}

  // Runs an append, times it and counts what became of it. Where `append` does not say how long
  // COMMIT took, that is all of it.
  template <typename Append>
  absl::Status Count(const AppendRequest& request, Append append) {
    const auto start = std::chrono::steady_clock::now();
    CommitSample sample;
    absl::Status status = append(sample);
    if (!status.ok()) {
      ++(KindOf(status) == ErrorKind::kConflict ? conflicts_ : failures_);
      return status;
    }
    sample.total = std::chrono::steady_clock::now() - start;
    if (sample.sync == std::chrono::nanoseconds(0)) sample.sync = sample.total;
    sample.rows = static_cast<int64_t>(request.rows.size());
    for (const LogRecord& row : request.rows) {
      sample.bytes += static_cast<int64_t>(row.key.size() + row.value.size());
    }
    commits_ += 1;
    rows_ += sample.rows;
    bytes_ += sample.bytes;
    if (on_commit_) on_commit_(sample);
    return status;
  }

  void Deleted(int64_t rows) { deleted_rows_ += rows; }

  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }

  // Without what only some databases have.
  Statistics statistics() const {
    return {.commits = commits_,
            .rows = rows_,
            .bytes = bytes_,
            .conflicts = conflicts_,
            .failures = failures_,
            .deleted_rows = deleted_rows_};
  }

 private:
  const CommitObserver on_commit_;
  std::atomic<int64_t> commits_{0};
  std::atomic<int64_t> rows_{0};
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> conflicts_{0};
  std::atomic<int64_t> failures_{0};
  std::atomic<int64_t> deleted_rows_{0};
};

}  // namespace kvshim::sql
