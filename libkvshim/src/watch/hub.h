// Hub: matches committed changes to watchers and hands each its events, in order, gapless, once.
//
// Who calls what:
//   - one publishing thread calls Publish after each commit has been applied;
//   - transports open streams and act on them, from any thread;
//   - the owner runs Pump on a thread of its own: it reads history for watchers that are behind and
//     tells idle watchers of progress. Pump says when it wants to be called again, and
//     HubOptions::wake tells when earlier.
//
// Thread safety: every method may be called from any thread, Publish and Pump each by one thread
// at a time. The hub outlives its streams.
//
// Synced and unsynced
// A watcher is synced while it has been sent everything published, and then hears of each change
// as it is published. It is unsynced while it is behind: because it started in the past, because
// its stream has too many bytes waiting, or because an event lacked the prev_kv it asked for. Of an
// unsynced watcher the hub keeps the next revision and nothing else. Invariants, under the lock:
//   I1  synced:    every event of the watcher in [its start, published] has been sent.
//   I2  unsynced:  every event of the watcher in [its start, next) has been sent, none at or above
//                  `next`, and next <= published.
// Publish moves `published` and, in the same critical section, either sends to a synced watcher or
// makes it unsynced with `next` = the first revision that was not sent. Pump reads
// [next, published as of then] without the lock, and under the lock again sends a chunk that covers
// [from, chunk.next) only to watchers with from <= next < chunk.next, dropping events below `next`;
// `next` becomes chunk.next. Only where then next > published (compared and acted on in the same
// critical section) does the watcher become synced, so no revision lies between the two ways of
// being served, and none is served by both.
// So that a watcher gets there while writes go on, the hub keeps the last few published revisions:
// where they reach back to `next`, they are sent in that critical section and the watcher is
// synced.
//
//   Hub hub(history, {.wake = [&] { loop.Wake(); }});
//   hub.Publish(events);                            // by the publishing thread
//   while (running) loop.WaitUntil(hub.Pump());     // by the hub's thread
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "base/clock.h"
#include "watch/event.h"
#include "watch/history.h"
#include "watch/sink.h"
#include "watch/stream.h"

namespace kvshim::watch {

struct HubOptions {
  // Bytes that may wait for one stream before its watchers are caught up from history instead, one
  // response more at most. Catching up goes on below half of it.
  size_t stream_buffer = size_t{4} << 20;
  // Bytes of one read of history.
  size_t chunk_bytes = size_t{1} << 20;
  // Bytes of events that are put together over several revisions into one response.
  size_t merge_bytes = size_t{512} << 10;
  // The last published events that are kept so that watchers a little behind need no history.
  size_t recent_events = 4096;
  size_t recent_bytes = size_t{1} << 20;
  // How often an idle watcher that asked for it hears of progress; up to a tenth is added per
  // stream so that streams opened together do not all speak at once.
  base::Duration progress_interval = std::chrono::minutes(10);
  // The pause after history could not be read, doubled with each further failure up to the maximum.
  base::Duration retry_pause = std::chrono::milliseconds(10);
  base::Duration max_retry_pause = std::chrono::seconds(1);

  base::Clock* clock = &base::Clock::Real();
  // Asks the owner to call Pump soon. Called from any thread, possibly under the hub's lock: it
  // must not call the hub, nor block.
  std::function<void()> wake = [] {};
};

struct HubStats {
  int64_t streams = 0;
  int64_t watchers = 0;
  int64_t slow_watchers = 0;  // unsynced
  uint64_t events_sent = 0;   // since the start
  uint64_t responses_sent = 0;
  size_t pending_bytes = 0;  // waiting in all sinks
  int64_t lag = 0;           // revisions the furthest behind has yet to be sent
  uint64_t history_reads = 0;
  uint64_t history_failures = 0;
};

class Hub {
 public:
  // `revision`: what has been committed before the hub existed; the first event published comes
  // after it. `history` outlives the hub.
  Hub(History& history, int64_t revision, HubOptions options);
  // Every stream must be closed before.
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Hands on the events of one or more revisions, in order, all events of a revision in one call,
  // revisions increasing from call to call. Every event of them is readable in the history already.
  // A revision that changed no key (none exists today) may be skipped.
  // Events are shared, not copied, except for their handles.
  void Publish(std::span<const Event> events);

  // Changes up to `revision` are in the history and will not be published: whoever wants them is
  // fed from there, or told that they are compacted. The next Publish continues from `revision`.
  void Skip(int64_t revision);

  // One round of catching up (each watcher that can go on gets at most one chunk) and of progress.
  // Returns when it wants to be called again: at once where work is left, at a time, or never
  // (TimePoint::max()) until `wake` is called.
  base::TimePoint Pump();

  // `sink` outlives the stream.
  std::unique_ptr<Stream> OpenStream(Sink& sink);

  // Cancels every watcher as compacted at this revision: the history they were following is gone
  // (another server's history took its place). The next Publish continues from `revision`.
  void CancelAll(int64_t compact_revision, int64_t revision);

  // Ends every stream with `status`, and those opened later at once.
  void Shutdown(const absl::Status& status);

  // The last revision published.
  int64_t published() const;

  // Watchers there are, those that are behind included.
  int64_t watchers() const;

  // True where some watcher wants prev_kv: the publisher should provide it where it is at hand.
  bool wants_prev_kv() const;

  // A sink whose pending bytes fall below it calls Stream::Drained.
  size_t low_water() const;

  HubStats stats() const;

 private:
  friend class Stream;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvshim::watch
