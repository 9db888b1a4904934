#include "watch/hub.h"

#include <algorithm>

#include "watch/hub_impl.h"

namespace kvshim::watch {
namespace {

// Scratch of a group above this many events is given back.
constexpr size_t kKeptScratch = 64;

}  // namespace

Hub::Impl::Impl(History& store_history, int64_t revision, HubOptions hub_options)
    : history(store_history),
      options(std::move(hub_options)),
      published_(revision),
      recent_(revision, options.recent_events, options.recent_bytes),
      retry_pause_(options.retry_pause) {}

int64_t Hub::Impl::Current() const { return std::max(published_.load(), history.revision()); }

void Hub::Impl::Wake() {
  if (!woken_.exchange(true)) options.wake();
}

// Publishing ---------------------------------------------------------------------------------

void Hub::Impl::Publish(std::span<const Event> events) {
  publishers_waiting_.fetch_add(1);
  base::MutexLock lock(mutex_);
  publishers_waiting_.fetch_sub(1);

  // Revisions that came before (a tailer that overlaps) are not told twice.
  const int64_t before = published_.load();
  while (!events.empty() && events.front().revision() <= before) events = events.subspan(1);
  if (events.empty()) return;

  recent_.Add(events);
  std::vector<RangeGroup*>& touched = touched_;
  for (const Event& event : events) {
    index_.ForEachContaining(event.kv().key(), [&](RangeGroup& group) {
      if (group.synced.empty()) return;
      if (group.events.empty()) touched.push_back(&group);
      group.events.push_back(&event);
    });
  }
  published_.store(events.back().revision());

  for (RangeGroup* group : touched) {
    // From the back: a watcher that falls behind leaves its place to one that has been served.
    for (size_t i = group->synced.size(); i-- > 0;) {
      Watcher& watcher = *group->synced[i];
      std::span<const Event* const> wanted = group->events;
      while (!wanted.empty() && wanted.front()->revision() < watcher.next) {
        wanted = wanted.subspan(1);
      }
      if (wanted.empty()) continue;
      const int64_t covered = wanted.back()->revision();
      const int64_t next = SendEvents(watcher, wanted, covered, Source::kPublish);
      if (next <= covered) BecomeUnsynced(watcher, next);
    }
    group->events.clear();
    if (group->events.capacity() > kKeptScratch) group->events.shrink_to_fit();
  }
  touched.clear();
}

// Sending ------------------------------------------------------------------------------------

void Hub::Impl::Send(StreamState& stream, const Response& response) {
  ++stats_.responses_sent;
  stats_.events_sent += response.events.size();
  stream.sink.Send(response);
}

void Hub::Impl::SendRefusal(StreamState& stream, std::string_view reason) {
  Send(stream, {.revision = Current(), .created = true, .canceled = true, .cancel_reason = reason});
}

std::span<const Event* const> Hub::Impl::Filter(const Watcher& watcher,
                                                std::span<const Event* const> events) {
  if (!watcher.no_put && !watcher.no_delete) return events;
  filtered_.clear();
  for (const Event* event : events) {
    if (!(event->is_delete() ? watcher.no_delete : watcher.no_put)) filtered_.push_back(event);
  }
  return filtered_;
}

size_t Hub::Impl::RunLength(const Watcher& watcher, std::span<const Event* const> events,
                            Source source) {
  // A client that keeps up hears of each revision by itself; one that has something waiting, or is
  // being caught up, gets them together.
  const bool merge = source != Source::kPublish || watcher.stream->sink.pending_bytes() > 0;
  const bool check_prev = watcher.prev_kv && source != Source::kHistory;
  size_t end = 0;
  size_t bytes = 0;
  while (end < events.size()) {
    const int64_t revision = events[end]->revision();
    size_t run_end = end;
    for (; run_end < events.size() && events[run_end]->revision() == revision; ++run_end) {
      if (check_prev && events[run_end]->lacks_prev_kv()) return end;
      bytes += events[run_end]->wire_size(watcher.prev_kv);
    }
    if (end > 0 && bytes > options.merge_bytes) return end;
    end = run_end;
    if (!merge) return end;
  }
  return end;
}

int64_t Hub::Impl::SendEvents(Watcher& watcher, std::span<const Event* const> events,
                              int64_t covered, Source source) {
  events = Filter(watcher, events);
  while (!events.empty()) {
    if (Blocked(*watcher.stream)) return events.front()->revision();
    const size_t count = RunLength(watcher, events, source);
    if (count == 0) {
      watcher.needs_history = true;
      return events.front()->revision();
    }
    const std::span<const Event* const> run = events.first(count);
    events = events.subspan(count);
    const bool all = events.empty() && source != Source::kPublish;
    Send(*watcher.stream, {.watch_id = watcher.id,
                           .revision = all ? covered : run.back()->revision(),
                           .events = run,
                           .prev_kv = watcher.prev_kv,
                           .fragment = watcher.fragment});
    watcher.idle = false;
  }
  return covered + 1;
}

// `blocked` is stored before the pending bytes are read again; Drained is called after they have
// fallen and reads `blocked` then. With a fence between on both sides at least one of the two sees
// the other, so a stream is never left blocked after its last byte went out.
bool Hub::Impl::Blocked(StreamState& stream) {
  if (stream.blocked.load(std::memory_order_relaxed)) return true;
  if (stream.sink.pending_bytes() <= options.stream_buffer) return false;
  stream.blocked.store(true);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (stream.sink.pending_bytes() < options.stream_buffer / 2) {
    stream.blocked.store(false);
    return false;
  }
  return true;
}

void Hub::Impl::Drained(StreamState& stream) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!stream.blocked.load()) return;
  {
    base::MutexLock lock(drained_mutex_);
    if (stream.drained) return;
    stream.drained = true;
    drained_.push_back(&stream);
  }
  Wake();
}

// States of a watcher ------------------------------------------------------------------------

void Hub::Impl::AddSynced(Watcher& watcher) {
  watcher.state = WatcherState::kSynced;
  watcher.slot = watcher.group->synced.size();
  watcher.group->synced.push_back(&watcher);
}

void Hub::Impl::RemoveSynced(Watcher& watcher) {
  std::vector<Watcher*>& synced = watcher.group->synced;
  synced[watcher.slot] = synced.back();
  synced[watcher.slot]->slot = watcher.slot;
  synced.pop_back();
}

void Hub::Impl::AddReady(Watcher& watcher) {
  watcher.state = WatcherState::kReady;
  ready_.PushBack(&watcher);
  watcher.group->ready.PushBack(&watcher);
  Wake();
}

void Hub::Impl::RemoveReady(Watcher& watcher) {
  ready_.Remove(&watcher);
  watcher.group->ready.Remove(&watcher);
}

void Hub::Impl::Park(Watcher& watcher) {
  watcher.state = WatcherState::kParked;
  watcher.stream->parked.PushBack(&watcher);
}

void Hub::Impl::BecomeUnsynced(Watcher& watcher, int64_t next) {
  RemoveSynced(watcher);
  watcher.next = next;
  ++watcher.stream->unsynced;
  if (Blocked(*watcher.stream)) {
    Park(watcher);
  } else {
    AddReady(watcher);
  }
}

void Hub::Impl::BecomeSynced(Watcher& watcher) {
  RemoveReady(watcher);
  AddSynced(watcher);
  --watcher.stream->unsynced;
  SendStreamProgressIfDue(*watcher.stream);
}

void Hub::Impl::End(Watcher& watcher) {
  switch (watcher.state) {
    case WatcherState::kSynced:
      RemoveSynced(watcher);
      break;
    case WatcherState::kReady:
      RemoveReady(watcher);
      --watcher.stream->unsynced;
      break;
    case WatcherState::kParked:
      watcher.stream->parked.Remove(&watcher);
      --watcher.stream->unsynced;
      break;
    case WatcherState::kEnded:
      return;
  }
  watcher.state = WatcherState::kEnded;
  --watcher.stream->live;
  if (watcher.progress_notify) --watcher.stream->progress_watchers;
  if (watcher.prev_kv) {
    --watcher.group->prev_watchers;
    prev_watchers_.fetch_sub(1);
  }
  RangeGroup* const group = std::exchange(watcher.group, nullptr);
  --group->watchers;
  watchers_.fetch_sub(1);
  ReleaseGroup(group);
}

void Hub::Impl::ReleaseGroup(RangeGroup* group) {
  if (group->watchers == 0 && !group->pinned) index_.Erase(group);
}

// The header's revision stays 0, as etcd has it for this response alone.
void Hub::Impl::EndCompacted(Watcher& watcher, int64_t compact_revision) {
  End(watcher);
  Send(*watcher.stream,
       {.watch_id = watcher.id, .canceled = true, .compact_revision = compact_revision});
  SendStreamProgressIfDue(*watcher.stream);
}

// The hub as a whole -------------------------------------------------------------------------

void Hub::Impl::Skip(int64_t revision) {
  base::MutexLock lock(mutex_);
  const int64_t before = published_.load();
  if (revision <= before) return;
  // A chunk that is being read may end before what is compacted now.
  ++generation_;
  published_.store(revision);
  recent_.Reset(revision);
  for (StreamState* stream : streams_) {
    for (auto& [id, watcher] : stream->watchers) {
      if (watcher->state != WatcherState::kSynced || watcher->next > revision) continue;
      BecomeUnsynced(*watcher, std::max(watcher->next, before + 1));
    }
  }
}

void Hub::Impl::CancelAll(int64_t compact_revision, int64_t revision) {
  base::MutexLock lock(mutex_);
  ++generation_;
  published_.store(revision);
  recent_.Reset(revision);
  for (StreamState* stream : streams_) {
    stream->progress_asked = false;
    for (auto& [id, watcher] : stream->watchers) {
      if (watcher->state != WatcherState::kEnded) EndCompacted(*watcher, compact_revision);
    }
  }
}

void Hub::Impl::Shutdown(const absl::Status& status) {
  base::MutexLock lock(mutex_);
  if (!shutdown_.ok()) return;
  shutdown_ = status;
  for (StreamState* stream : streams_) {
    for (auto& [id, watcher] : stream->watchers) End(*watcher);
    stream->ended = true;
    ScheduleTick(*stream, base::TimePoint::max());
    stream->sink.End(status);
  }
}

HubStats Hub::Impl::Stats() {
  base::MutexLock lock(mutex_);
  HubStats stats = stats_;
  stats.streams = static_cast<int64_t>(streams_.size());
  const int64_t published = published_.load();
  const auto count_lag = [&](const WatcherQueue& queue) {
    for (const Watcher* w = queue.front(); w != nullptr; w = WatcherQueue::Next(w)) {
      stats.lag = std::max(stats.lag, published + 1 - w->next);
    }
  };
  count_lag(ready_);
  for (const StreamState* stream : streams_) {
    stats.watchers += static_cast<int64_t>(stream->live);
    stats.slow_watchers += static_cast<int64_t>(stream->unsynced);
    stats.pending_bytes += stream->sink.pending_bytes();
    count_lag(stream->parked);
  }
  return stats;
}

Hub::Hub(History& history, int64_t revision, HubOptions options)
    : impl_(std::make_unique<Impl>(history, revision, std::move(options))) {}
Hub::~Hub() = default;

void Hub::Publish(std::span<const Event> events) { impl_->Publish(events); }
base::TimePoint Hub::Pump() { return impl_->Pump(); }
void Hub::Skip(int64_t revision) { impl_->Skip(revision); }
void Hub::CancelAll(int64_t compact_revision, int64_t revision) {
  impl_->CancelAll(compact_revision, revision);
}
void Hub::Shutdown(const absl::Status& status) { impl_->Shutdown(status); }
int64_t Hub::published() const { return impl_->published_.load(); }
int64_t Hub::watchers() const { return impl_->watchers_.load(); }

bool Hub::wants_prev_kv() const { return impl_->prev_watchers_.load() > 0; }
size_t Hub::low_water() const { return impl_->options.stream_buffer / 2; }
HubStats Hub::stats() const { return impl_->Stats(); }

std::unique_ptr<Stream> Hub::OpenStream(Sink& sink) {
  auto state = std::make_unique<StreamState>(sink);
  impl_->Open(*state);
  return std::unique_ptr<Stream>(new Stream(this, std::move(state)));
}

}  // namespace kvshim::watch
