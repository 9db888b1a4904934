// What clients ask of their streams.
#include "watch/stream.h"

#include <algorithm>
#include <string>

#include "mvcc/errors.h"
#include "watch/hub_impl.h"

namespace kvshim::watch {
namespace {

// etcd's texts; they carry no prefix.
constexpr std::string_view kEmptyRange = "mvcc: watcher range is empty";
constexpr std::string_view kDuplicateId = "mvcc: duplicate watch ID provided on the WatchStream";

}  // namespace

void Hub::Impl::Open(StreamState& stream) {
  base::MutexLock lock(mutex_);
  if (!shutdown_.ok()) {
    stream.ended = true;
    stream.sink.End(shutdown_);
    return;
  }
  jitter_ ^= jitter_ << 13;
  jitter_ ^= jitter_ >> 7;
  jitter_ ^= jitter_ << 17;
  const auto tenth = static_cast<uint64_t>(options.progress_interval.count() / 10);
  stream.tick_interval =
      options.progress_interval + base::Duration(tenth > 0 ? jitter_ % tenth : 0);
  streams_.insert(&stream);
}

void Hub::Impl::Close(StreamState& stream) {
  base::MutexLock lock(mutex_);
  for (auto& [id, watcher] : stream.watchers) End(*watcher);
  stream.watchers.clear();
  stream.ended = true;
  ScheduleTick(stream, base::TimePoint::max());
  streams_.erase(&stream);
  base::MutexLock drained_lock(drained_mutex_);
  std::erase(drained_, &stream);
}

void Hub::Impl::Refuse(StreamState& stream, std::string_view reason) {
  base::MutexLock lock(mutex_);
  if (!stream.ended) SendRefusal(stream, reason);
}

void Hub::Impl::Create(StreamState& stream, const WatchRequest& request,
                       const CreateOptions& create) {
  static const std::string smallest_key(1, '\0');
  const mvcc::KeyRange range(request.key.empty() ? smallest_key : request.key, request.range_end);

  base::MutexLock lock(mutex_);
  if (stream.ended) return;
  if (request.start_revision < 0) {
    SendRefusal(stream, std::string(mvcc::Compacted().message()));
    return;
  }
  if (range.is_empty()) {
    SendRefusal(stream, kEmptyRange);
    return;
  }
  WatchId id = create.id;
  if (id == WatchId{0}) {
    while (stream.watchers.contains(WatchId{stream.next_id})) ++stream.next_id;
    id = WatchId{stream.next_id++};
  } else if (stream.watchers.contains(id)) {
    SendRefusal(stream, kDuplicateId);
    return;
  }

  auto owned = std::make_unique<Watcher>();
  Watcher& watcher = *owned;
  stream.watchers.emplace(id, std::move(owned));
  watcher.id = id;
  watcher.stream = &stream;
  watcher.group = index_.Get(range);
  watcher.no_put = request.no_put;
  watcher.no_delete = request.no_delete;
  watcher.prev_kv = request.prev_kv;
  watcher.fragment = create.fragment;
  watcher.progress_notify = request.progress_notify;
  ++watcher.group->watchers;
  watchers_.fetch_add(1);
  ++stream.live;
  if (request.prev_kv) {
    ++watcher.group->prev_watchers;
    prev_watchers_.fetch_add(1);
  }
  if (request.progress_notify && ++stream.progress_watchers == 1) {
    ScheduleTick(stream, options.clock->Now() + stream.tick_interval);
  }

  const int64_t current = Current();
  Send(stream, {.watch_id = id, .revision = current, .created = true});
  watcher.next = request.start_revision == 0 ? current + 1 : request.start_revision;
  if (watcher.next > published_.load()) {
    AddSynced(watcher);
    return;
  }
  ++stream.unsynced;
  if (Blocked(stream)) {
    Park(watcher);
    return;
  }
  AddReady(watcher);
  // The usual start is a moment ago: a list, then a watch from its revision on.
  const int64_t compacted = history.compact_revision();
  if (watcher.next < compacted) {
    EndCompacted(watcher, compacted);
  } else {
    ServeFromRecent(watcher);
  }
}

void Hub::Impl::Cancel(StreamState& stream, WatchId id) {
  base::MutexLock lock(mutex_);
  const auto found = stream.watchers.find(id);
  if (stream.ended || found == stream.watchers.end()) return;
  End(*found->second);
  stream.watchers.erase(found);
  Send(stream, {.watch_id = id, .revision = Current(), .canceled = true});
  SendStreamProgressIfDue(stream);
}

void Hub::Impl::RequestProgress(StreamState& stream) {
  base::MutexLock lock(mutex_);
  if (stream.ended) return;
  stream.progress_asked = true;
  SendStreamProgressIfDue(stream);
}

void Hub::Impl::SendStreamProgressIfDue(StreamState& stream) {
  if (!stream.progress_asked || stream.unsynced > 0) return;
  stream.progress_asked = false;
  if (stream.live == 0) return;
  Send(stream, {.watch_id = kNoWatch, .revision = published_.load()});
}

Stream::Stream(Hub* hub, std::unique_ptr<StreamState> state)
    : hub_(hub), state_(std::move(state)) {}
Stream::~Stream() { Close(); }

void Stream::CreateWatch(const WatchRequest& request, const CreateOptions& options) {
  hub_->impl_->Create(*state_, request, options);
}
void Stream::RefuseWatch(std::string_view reason) { hub_->impl_->Refuse(*state_, reason); }
void Stream::CancelWatch(WatchId id) { hub_->impl_->Cancel(*state_, id); }
void Stream::RequestProgress() { hub_->impl_->RequestProgress(*state_); }
void Stream::Drained() { hub_->impl_->Drained(*state_); }
void Stream::Close() { hub_->impl_->Close(*state_); }

}  // namespace kvshim::watch
