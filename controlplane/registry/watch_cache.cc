#include "registry/watch_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "kinds/definition.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::registry {

using kvshim::base::MutexLock;

namespace {

void End(const std::vector<std::shared_ptr<Watcher>>& watchers) {
  for (const auto& watcher : watchers) {
    watcher->QueueEnd();
    watcher->Drain();
  }
}

}  // namespace

absl::StatusOr<WatchCache::Snapshot> WatchCache::List(std::string_view prefix, int64_t revision) {
  RETURN_IF_ERROR(EnsureLoaded());
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(WaitFor(revision));
  Snapshot snapshot{.revision = revision_};
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.starts_with(prefix); ++it) {
    snapshot.objects.push_back(it->second);
  }
  return snapshot;
}

absl::StatusOr<WatchCache::Beginning> WatchCache::StartWatch(
    const std::shared_ptr<Watcher>& watcher, int64_t revision, bool initial) {
  RETURN_IF_ERROR(EnsureLoaded());
  MutexLock lock(mutex_);
  // A revision that other servers have come to already may be new here; nothing is lost by waiting.
  RETURN_IF_ERROR(WaitFor(revision));
  Beginning beginning{.revision = revision_};
  if (initial) {
    beginning.objects.reserve(objects_.size());
    for (const auto& [key, object] : objects_) beginning.objects.push_back(object);
  } else {
    if (revision < ring_begin_) {
      return Expired("too old resource version: " + std::to_string(revision) + " (" +
                     std::to_string(ring_begin_) + ")");
    }
    const auto first = std::upper_bound(
        ring_.begin(), ring_.end(), revision,
        [](int64_t bound, const WatchEventPtr& event) { return bound < event->revision; });
    beginning.events.assign(first, ring_.end());
  }
  watchers_.insert(watcher);
  return beginning;
}

void WatchCache::StopWatch(const std::shared_ptr<Watcher>& watcher) {
  MutexLock lock(mutex_);
  watchers_.erase(watcher);
}

void WatchCache::Advance(const std::vector<kvshim::WatchEvent>& events, int64_t revision) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kEmpty) return;
    if (state_ == State::kLoading) {
      waiting_.insert(waiting_.end(), events.begin(), events.end());
    } else {
      for (const kvshim::WatchEvent& event : events) Apply(event);
    }
    // While it is loading too: what the feed has told lies in waiting_ then.
    revision_ = std::max(revision_, revision);
    changed_.NotifyAll();
    if (!events.empty()) watchers.assign(watchers_.begin(), watchers_.end());
  }
  for (const auto& watcher : watchers) watcher->Drain();
}

std::vector<std::shared_ptr<Watcher>> WatchCache::Empty() {
  state_ = State::kEmpty;
  ++resets_;
  objects_.clear();
  waiting_.clear();
  ring_.clear();
  ring_bytes_ = 0;
  revision_ = 0;
  std::vector<std::shared_ptr<Watcher>> watchers(watchers_.begin(), watchers_.end());
  watchers_.clear();
  changed_.NotifyAll();
  return watchers;
}

void WatchCache::Reset() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    watchers = Empty();
  }
  End(watchers);
}

void WatchCache::SetKind(std::optional<kinds::Kind> kind) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    gone_ = !kind.has_value();
    if (kind.has_value()) kind_ = *std::move(kind);
    watchers = Empty();
  }
  End(watchers);
}

bool WatchCache::IsOf(const kinds::Kind& kind) {
  MutexLock lock(mutex_);
  return !gone_ && kind_.definition->SameObjects(*kind.definition);
}

void WatchCache::Tick(std::chrono::steady_clock::time_point now) {
  std::vector<std::shared_ptr<Watcher>> due;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kLoaded) return;
    for (auto it = watchers_.begin(); it != watchers_.end();) {
      const auto next = std::next(it);
      if ((*it)->ended()) watchers_.erase(it);
      it = next;
    }
    for (const auto& watcher : watchers_) {
      if (!watcher->BookmarkDue(now)) continue;
      watcher->QueueBookmark(revision_);
      due.push_back(watcher);
    }
  }
  for (const auto& watcher : due) watcher->Drain();
}

absl::Status WatchCache::EnsureLoaded() {
  const auto deadline = std::chrono::steady_clock::now() + options_.load_wait;
  while (std::chrono::steady_clock::now() < deadline) {
    kinds::Kind kind;
    uint64_t resets = 0;
    {
      MutexLock lock(mutex_);
      while (state_ == State::kLoading && !gone_) {
        if (!changed_.WaitUntil(mutex_, deadline)) {
          return absl::UnavailableError("the watch cache is being filled");
        }
      }
      if (gone_) return NoSuchResource();
      if (state_ == State::kLoaded) return absl::OkStatus();
      state_ = State::kLoading;
      kind = kind_;
      resets = resets_;
    }
    const absl::Status loaded = Load(kind, resets);
    if (loaded.ok()) return loaded;
    MutexLock lock(mutex_);
    if (resets != resets_) continue;  // it was emptied meanwhile, and may be filled by others now
    state_ = State::kEmpty;
    waiting_.clear();
    changed_.NotifyAll();
    return loaded;
  }
  return absl::UnavailableError("the watch cache is emptied again and again");
}

absl::Status WatchCache::Load(const kinds::Kind& kind, uint64_t resets) {
  ASSIGN_OR_RETURN(const kvshim::RangeResponse range,
                   store_.Range({.key = kind.prefix, .range_end = RangeEnd(kind.prefix)}));
  std::map<std::string, StoredObjectPtr, std::less<>> objects;
  for (const kvshim::KeyValue& kv : range.kvs) {
    auto object = StoredObject::Read(kind, kv.key(), kv.value(), kv.mod_revision());
    if (!object.ok()) {
      kvshim::base::Log(kvshim::base::Level::kError, "cannot read a stored object",
                        {{"key", kv.key()}, {"error", object.status()}});
      continue;
    }
    objects.emplace_hint(objects.end(), kv.key(), *std::move(object));
  }
  MutexLock lock(mutex_);
  if (resets != resets_) return absl::UnavailableError("the store's watch broke off");
  objects_ = std::move(objects);
  ring_begin_ = range.revision;
  revision_ = std::max(revision_, range.revision);
  for (const kvshim::WatchEvent& event : waiting_) {
    if (event.kv.mod_revision() > range.revision) Apply(event);
  }
  waiting_.clear();
  state_ = State::kLoaded;
  changed_.NotifyAll();
  return absl::OkStatus();
}

void WatchCache::Apply(const kvshim::WatchEvent& event) {
  // What was loaded at a later revision than the feed has come to.
  if (event.kv.mod_revision() <= ring_begin_) return;
  auto told = std::make_shared<WatchEvent>();
  told->revision = event.kv.mod_revision();
  const auto known = objects_.find(event.kv.key());
  if (known != objects_.end()) told->previous = known->second;
  if (event.is_delete()) {
    if (known == objects_.end()) return;
    told->type = WatchEventType::kDeleted;
    told->object = told->previous->AtRevision(told->revision);
    objects_.erase(known);
  } else {
    auto object =
        StoredObject::Read(kind_, event.kv.key(), event.kv.value(), event.kv.mod_revision());
    if (!object.ok()) {
      kvshim::base::Log(kvshim::base::Level::kError, "cannot read a stored object",
                        {{"key", event.kv.key()}, {"error", object.status()}});
      return;
    }
    told->type = told->previous == nullptr ? WatchEventType::kAdded : WatchEventType::kModified;
    told->object = *object;
    objects_.insert_or_assign(std::string(event.kv.key()), *std::move(object));
  }
  Remember(told);
  for (const auto& watcher : watchers_) watcher->Queue(told);
}

void WatchCache::Remember(WatchEventPtr event) {
  ring_bytes_ += event->object->memory();
  ring_.push_back(std::move(event));
  while (ring_.size() > 1 &&
         (ring_.size() > options_.ring_events || ring_bytes_ > options_.ring_bytes)) {
    // Not within a revision: a watcher begins between revisions.
    ring_begin_ = ring_.front()->revision;
    while (ring_.size() > 1 && ring_.front()->revision == ring_begin_) {
      ring_bytes_ -= ring_.front()->object->memory();
      ring_.pop_front();
    }
  }
}

absl::Status WatchCache::WaitFor(int64_t revision) {
  const auto deadline = std::chrono::steady_clock::now() + options_.wait;
  while (state_ == State::kLoaded && revision_ < revision) {
    if (!changed_.WaitUntil(mutex_, deadline)) {
      return TooLargeResourceVersion(revision, revision_);
    }
  }
  if (state_ != State::kLoaded) return absl::UnavailableError("the store's watch broke off");
  return absl::OkStatus();
}

}  // namespace kvplane::registry
