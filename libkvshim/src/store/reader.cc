#include "store/reader.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/logger.h"
#include "sql/error.h"

namespace kvshim::store {
namespace {

constexpr size_t kRowsAFetch = 2000;

}  // namespace

Reader::Reader(mvcc::Index& index, log::Log& log, base::Executor& pool,
               base::MetricsRegistry& metrics, std::function<absl::Status()> refresh)
    : index_(index),
      log_(log),
      pool_(pool),
      refresh_(std::move(refresh)),
      hits_(
          metrics.AddCounter("kvshim_cache_hits_total", "Reads whose values were all in memory.")),
      fetches_(metrics.AddCounter("kvshim_cache_misses_total",
                                  "Reads back from the database for values not in memory.")),
      fetched_values_(metrics.AddCounter("kvshim_cache_fetched_values_total",
                                         "Values read back from the database.")) {}

absl::Status Reader::Fetch(mvcc::Values& values) {
  std::vector<mvcc::Revision> wanted = values.TakeWanted();
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  fetches_.Increment();
  for (size_t start = 0; start < wanted.size(); start += kRowsAFetch) {
    const size_t count = std::min(kRowsAFetch, wanted.size() - start);
    auto rows = log_.Fetch(std::span(wanted).subspan(start, count));
    if (!rows.ok()) {
      if (rows.status().code() == absl::StatusCode::kDataLoss) return mvcc::Corrupt();
      static base::LogLimiter limiter(std::chrono::seconds(10));
      if (limiter.Allow()) {
        base::Log(base::Level::kError, "cannot read values back from the database",
                  {{"error", rows.status()}});
      }
      return mvcc::Unhealthy();
    }
    std::vector<KeyValue> found;
    found.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      if ((*rows)[i].has_value()) {
        found.push_back(*std::move((*rows)[i]));
        values.Add(found.back());
      } else if (const int times = values.NoteGone(wanted[start + i]);
                 times == 2 && log_.shared() != nullptr) {
        return absl::AbortedError("rows are gone");
      } else if (times >= 2) {
        base::Log(base::Level::kError, "a row that is not compacted is missing in the log",
                  {{"revision", wanted[start + i].main}, {"sub", wanted[start + i].sub}});
        return mvcc::Corrupt();
      }
    }
    fetched_values_.Increment(static_cast<double>(found.size()));
    index_.Install(found);
  }
  return absl::OkStatus();
}

}  // namespace kvshim::store
