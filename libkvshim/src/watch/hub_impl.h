// Hub::Impl: the hub behind its public header. hub.cc holds publishing, sending and the states of a
// watcher; stream.cc what clients ask for; catch_up.cc what Pump does.
//
// Lock order: mutex_ before drained_mutex_. History::Read is called with neither.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "watch/hub.h"
#include "watch/recent_events.h"
#include "watch/watcher.h"
#include "watch/watcher_index.h"

namespace kvshim::watch {

struct Hub::Impl {
  // Where events that are being sent come from.
  enum class Source { kPublish, kRecent, kHistory };

  Impl(History& store_history, int64_t revision, HubOptions hub_options);

  // Publishing and requests.
  void Publish(std::span<const Event> events) EXCLUDES(mutex_);
  void Open(StreamState& stream) EXCLUDES(mutex_);
  void Close(StreamState& stream) EXCLUDES(mutex_);
  void Create(StreamState& stream, const WatchRequest& request, const CreateOptions& create)
      EXCLUDES(mutex_);
  void Refuse(StreamState& stream, std::string_view reason) EXCLUDES(mutex_);
  void Cancel(StreamState& stream, WatchId id) EXCLUDES(mutex_);
  void RequestProgress(StreamState& stream) EXCLUDES(mutex_);
  void Drained(StreamState& stream) EXCLUDES(drained_mutex_);
  void Skip(int64_t revision) EXCLUDES(mutex_);
  void CancelAll(int64_t compact_revision, int64_t revision) EXCLUDES(mutex_);
  void Shutdown(const absl::Status& status) EXCLUDES(mutex_);
  base::TimePoint Pump() EXCLUDES(mutex_);
  HubStats Stats() EXCLUDES(mutex_);

  int64_t Current() const;
  void Wake();

  // Sending.
  void Send(StreamState& stream, const Response& response) REQUIRES(mutex_);
  void SendRefusal(StreamState& stream, std::string_view reason) REQUIRES(mutex_);
  // Sends `events`, all of the watcher's range in [its next, covered], in whole revisions, as far
  // as it may. Returns the first revision that was not sent: covered + 1 where all were.
  int64_t SendEvents(Watcher& watcher, std::span<const Event* const> events, int64_t covered,
                     Source source) REQUIRES(mutex_);
  std::span<const Event* const> Filter(const Watcher& watcher, std::span<const Event* const> events)
      REQUIRES(mutex_);
  // How many of the first events go into one response.
  size_t RunLength(const Watcher& watcher, std::span<const Event* const> events, Source source)
      REQUIRES(mutex_);
  // Whether the stream has too many bytes waiting; stays so until it has drained.
  bool Blocked(StreamState& stream) REQUIRES(mutex_);
  void SendStreamProgressIfDue(StreamState& stream) REQUIRES(mutex_);

  // States of a watcher.
  void AddSynced(Watcher& watcher) REQUIRES(mutex_);
  void RemoveSynced(Watcher& watcher) REQUIRES(mutex_);
  void AddReady(Watcher& watcher) REQUIRES(mutex_);
  void RemoveReady(Watcher& watcher) REQUIRES(mutex_);
  void Park(Watcher& watcher) REQUIRES(mutex_);
  void BecomeSynced(Watcher& watcher) REQUIRES(mutex_);
  void BecomeUnsynced(Watcher& watcher, int64_t next) REQUIRES(mutex_);
  // Takes the watcher out of everything but its stream's table.
  void End(Watcher& watcher) REQUIRES(mutex_);
  void EndCompacted(Watcher& watcher, int64_t compact_revision) REQUIRES(mutex_);
  void ReleaseGroup(RangeGroup* group) REQUIRES(mutex_);

  // Catching up.
  void TakeDrained() REQUIRES(mutex_);
  void Unblock(StreamState& stream) REQUIRES(mutex_);
  void ServeNext() REQUIRES(mutex_);
  bool ServeFromRecent(Watcher& watcher) REQUIRES(mutex_);
  void ServeFromHistory(RangeGroup* group, int64_t from) REQUIRES(mutex_);
  void DeliverChunk(RangeGroup* group, int64_t from, bool with_prev_kv, const HistoryChunk& chunk)
      REQUIRES(mutex_);
  void HistoryFailed() REQUIRES(mutex_);
  // After a send: synced, parked or ready again, as `next` and the stream say.
  void Settle(Watcher& watcher, int64_t next) REQUIRES(mutex_);
  void LetPublisherIn() REQUIRES(mutex_);

  // Periodic progress.
  void ScheduleTick(StreamState& stream, base::TimePoint tick) REQUIRES(mutex_);
  void RunTicks(base::TimePoint now) REQUIRES(mutex_);
  void Tick(StreamState& stream) REQUIRES(mutex_);

  History& history;
  const HubOptions options;

  base::Mutex mutex_;
  std::atomic<int64_t> published_;  // written under mutex_
  std::atomic<int64_t> watchers_{0};
  std::atomic<int> prev_watchers_{0};
  std::atomic<int> publishers_waiting_{0};
  std::atomic<bool> woken_{false};

  WatcherIndex index_ GUARDED_BY(mutex_);
  RecentEvents recent_ GUARDED_BY(mutex_);
  absl::flat_hash_set<StreamState*> streams_ GUARDED_BY(mutex_);
  WatcherQueue ready_ GUARDED_BY(mutex_);
  std::set<std::pair<base::TimePoint, StreamState*>> ticks_ GUARDED_BY(mutex_);
  absl::Status shutdown_ GUARDED_BY(mutex_);
  uint64_t generation_ GUARDED_BY(mutex_) = 0;  // of the history; moved on by CancelAll
  uint64_t jitter_ GUARDED_BY(mutex_) = 0x2545f4914f6cdd1d;

  base::TimePoint retry_at_ GUARDED_BY(mutex_) = base::TimePoint::min();
  base::Duration retry_pause_ GUARDED_BY(mutex_);

  // Scratch, kept for its memory.
  std::vector<RangeGroup*> touched_ GUARDED_BY(mutex_);
  std::vector<const Event*> filtered_ GUARDED_BY(mutex_);
  std::vector<const Event*> collected_ GUARDED_BY(mutex_);
  std::vector<Watcher*> served_ GUARDED_BY(mutex_);

  HubStats stats_ GUARDED_BY(mutex_);  // the counters; the rest is computed when asked for

  base::Mutex drained_mutex_;
  std::vector<StreamState*> drained_ GUARDED_BY(drained_mutex_);
};

}  // namespace kvshim::watch
