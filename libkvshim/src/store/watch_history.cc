#include "store/watch_history.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

// What one read looks at at most, so that the index is not held long.
constexpr size_t kMaxChanges = 20000;
constexpr size_t kMaxEvents = 4000;

// Puts a chunk together from changes that come in order.
class Collector {
 public:
  Collector(int64_t from, int64_t to, size_t max_bytes, bool prev_kv, mvcc::Values& values)
      : to_(to), max_bytes_(max_bytes), prev_kv_(prev_kv), values_(values) {
    chunk_.next = from;
  }

  // False where the chunk ends before this change.
  bool Add(const mvcc::KeyHistory& history, const mvcc::Version& version, bool look_only) {
    if (version.main > to_) return Close(to_ + 1);
    if (version.main != current_ && (full_ || looked_ > kMaxChanges)) return Close(version.main);
    current_ = version.main;
    ++looked_;
    if (look_only) return true;
    KeyValue kv = values_.Get(history, version);
    KeyValue previous;
    if (prev_kv_ && &version != history.versions.data()) {
      const mvcc::Version& before = *(&version - 1);
      if (!before.tombstone) previous = values_.Get(history, before);
    }
    if (!kv) return true;  // wanted: the chunk is void
    bytes_ += kv.wire().size() + (previous ? previous.wire().size() : 0);
    chunk_.events.emplace_back(std::move(kv), std::move(previous));
    full_ = bytes_ >= max_bytes_ || chunk_.events.size() >= kMaxEvents;
    return true;
  }

  watch::HistoryChunk Take() {
    if (!closed_) chunk_.next = to_ + 1;
    return std::move(chunk_);
  }

 private:
  bool Close(int64_t next) {
    closed_ = true;
    chunk_.next = next;
    return false;
  }

  const int64_t to_;
  const size_t max_bytes_;
  const bool prev_kv_;
  mvcc::Values& values_;
  watch::HistoryChunk chunk_;
  int64_t current_ = -1;
  size_t looked_ = 0;
  size_t bytes_ = 0;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace

absl::StatusOr<watch::HistoryChunk> WatchHistory::Read(const mvcc::KeyRange& range, int64_t from,
                                                       int64_t to, size_t max_bytes, bool prev_kv) {
  return reader_.ReadHere<watch::HistoryChunk>(
      [&](const mvcc::Index::View& view,
          mvcc::Values& values) -> absl::StatusOr<watch::HistoryChunk> {
        if (from < view.compact_revision()) return mvcc::Compacted();
        Collector collector(from, to, max_bytes, prev_kv, values);
        if (range.is_single()) {
          const mvcc::KeyHistory* history = view.Find(range.begin());
          if (history == nullptr) return collector.Take();
          const auto& versions = history->versions;
          auto version = std::lower_bound(
              versions.begin(), versions.end(), from,
              [](const mvcc::Version& one, int64_t revision) { return one.main < revision; });
          while (version != versions.end() && collector.Add(*history, *version, false)) ++version;
          return collector.Take();
        }
        const mvcc::ChangeLog& log = view.log();
        for (size_t i = log.LowerBound(from); i < log.size(); ++i) {
          const auto& change = log[i];
          const bool inside = range.Contains(change.history->key());
          const mvcc::Version* version = change.history->Find({change.main, change.sub});
          if (version == nullptr) continue;
          if (!collector.Add(*change.history, *version, !inside)) break;
        }
        return collector.Take();
      });
}

}  // namespace kvshim::store
