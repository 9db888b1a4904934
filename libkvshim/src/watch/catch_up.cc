// What Hub::Pump does: bringing watchers that are behind up to date, and telling of progress.
//
// Watchers wait in one queue, first come first served, a chunk a turn, so one far behind does not
// hold up the others. A chunk is read for the watcher in front and given to every waiting watcher
// of the same range whose next revision it covers: ten thousand clients that come back after a
// restart cost a few reads, not ten thousand.
#include <algorithm>
#include <thread>
#include <utility>

#include "watch/hub_impl.h"

namespace kvshim::watch {

base::TimePoint Hub::Impl::Pump() {
  woken_.store(false);
  base::MutexLock lock(mutex_);
  TakeDrained();
  const base::TimePoint now = options.clock->Now();
  RunTicks(now);
  for (size_t turns = ready_.size(); turns > 0 && !ready_.empty() && now >= retry_at_; --turns) {
    ServeNext();
    LetPublisherIn();
  }
  base::TimePoint next = ready_.empty() ? base::TimePoint::max() : std::max(now, retry_at_);
  if (!ticks_.empty()) next = std::min(next, ticks_.begin()->first);
  return next;
}

// The lock is not fair: without this, a long queue served from memory could keep a publisher out.
void Hub::Impl::LetPublisherIn() {
  if (publishers_waiting_.load() == 0) return;
  mutex_.Unlock();
  std::this_thread::yield();
  mutex_.Lock();
}

void Hub::Impl::TakeDrained() {
  base::MutexLock lock(drained_mutex_);
  for (StreamState* stream : drained_) {
    // Before the pending bytes are read: if they fall only after that, Drained queues it again.
    stream->drained = false;
    if (stream->sink.pending_bytes() < options.stream_buffer / 2) Unblock(*stream);
  }
  drained_.clear();
}

void Hub::Impl::Unblock(StreamState& stream) {
  stream.blocked.store(false);
  while (!stream.parked.empty()) {
    Watcher* const watcher = stream.parked.front();
    stream.parked.Remove(watcher);
    AddReady(*watcher);
  }
}

void Hub::Impl::Settle(Watcher& watcher, int64_t next) {
  watcher.next = next;
  if (next > published_.load()) {
    BecomeSynced(watcher);
  } else if (Blocked(*watcher.stream)) {
    RemoveReady(watcher);
    Park(watcher);
  }
}

void Hub::Impl::ServeNext() {
  Watcher& watcher = *ready_.front();
  // To the back of the queue, where it stays unless it is served below.
  ready_.Remove(&watcher);
  ready_.PushBack(&watcher);
  if (Blocked(*watcher.stream)) {
    Settle(watcher, watcher.next);
    return;
  }
  const int64_t compacted = history.compact_revision();
  if (watcher.next < compacted) {
    EndCompacted(watcher, compacted);
    return;
  }
  if (ServeFromRecent(watcher)) return;
  ServeFromHistory(watcher.group, watcher.next);
}

bool Hub::Impl::ServeFromRecent(Watcher& watcher) {
  if (watcher.needs_history || !recent_.Covers(watcher.next)) return false;
  collected_.clear();
  recent_.Collect(watcher.group->range, watcher.next, collected_);
  const int64_t next = SendEvents(watcher, collected_, published_.load(), Source::kRecent);
  Settle(watcher, next);
  return true;
}

void Hub::Impl::ServeFromHistory(RangeGroup* group, int64_t from) {
  const int64_t to = published_.load();
  const uint64_t generation = generation_;
  const bool with_prev_kv = group->prev_watchers > 0;
  ++stats_.history_reads;
  group->pinned = true;
  mutex_.Unlock();
  // The range of a pinned group neither changes nor goes away.
  absl::StatusOr<HistoryChunk> chunk =
      history.Read(group->range, from, to, options.chunk_bytes, with_prev_kv);
  mutex_.Lock();
  group->pinned = false;

  if (generation == generation_) {
    if (chunk.ok() && chunk->next > from) {
      retry_at_ = base::TimePoint::min();
      retry_pause_ = options.retry_pause;
      DeliverChunk(group, from, with_prev_kv, *chunk);
    } else if (chunk.status().code() != absl::StatusCode::kOutOfRange ||
               history.compact_revision() <= from) {
      HistoryFailed();
    }
    // Compacted meanwhile: the watchers concerned are told at their next turn.
  }
  ReleaseGroup(group);
}

void Hub::Impl::HistoryFailed() {
  ++stats_.history_failures;
  retry_at_ = options.clock->Now() + retry_pause_;
  retry_pause_ = std::min(retry_pause_ * 2, options.max_retry_pause);
}

void Hub::Impl::DeliverChunk(RangeGroup* group, int64_t from, bool with_prev_kv,
                             const HistoryChunk& chunk) {
  served_.clear();
  for (Watcher* w = group->ready.front(); w != nullptr; w = decltype(group->ready)::Next(w)) {
    if (w->next < from || w->next >= chunk.next) continue;
    if (w->prev_kv && !with_prev_kv) continue;  // came while the chunk was read
    served_.push_back(w);
  }
  for (Watcher* watcher : served_) {
    // Sending to one watcher never ends another, so each pointer still stands.
    collected_.clear();
    for (const Event& event : chunk.events) {
      if (event.revision() >= watcher->next) collected_.push_back(&event);
    }
    watcher->needs_history = false;
    Settle(*watcher, SendEvents(*watcher, collected_, chunk.next - 1, Source::kHistory));
  }
}

// Periodic progress --------------------------------------------------------------------------

void Hub::Impl::ScheduleTick(StreamState& stream, base::TimePoint tick) {
  if (stream.tick != base::TimePoint::max()) ticks_.erase({stream.tick, &stream});
  stream.tick = tick;
  if (tick == base::TimePoint::max()) return;
  ticks_.insert({tick, &stream});
  if (ticks_.begin()->second == &stream) Wake();
}

void Hub::Impl::RunTicks(base::TimePoint now) {
  while (!ticks_.empty() && ticks_.begin()->first <= now) {
    StreamState& stream = *ticks_.begin()->second;
    Tick(stream);
    ScheduleTick(
        stream, stream.progress_watchers > 0 ? now + stream.tick_interval : base::TimePoint::max());
  }
}

void Hub::Impl::Tick(StreamState& stream) {
  for (auto& [id, watcher] : stream.watchers) {
    if (!watcher->progress_notify) continue;
    const bool idle = std::exchange(watcher->idle, true);
    if (!idle || watcher->state != WatcherState::kSynced || Blocked(stream)) continue;
    Send(stream, {.watch_id = watcher->id, .revision = published_.load()});
  }
}

}  // namespace kvshim::watch
