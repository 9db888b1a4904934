#include "registry/feed.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/logger.h"

namespace kvplane::registry {

using kvshim::base::Level;
using kvshim::base::Log;
using kvshim::base::MutexLock;

constexpr auto kTick = std::chrono::seconds(1);

absl::Status Feed::Start() {
  executor_ = std::make_unique<kvshim::base::Executor>(
      kvshim::base::ExecutorOptions{.name = "kp-feed", .threads = 1});
  auto watch = StartWatch();
  if (!watch.ok()) return watch.status();
  {
    MutexLock lock(mutex_);
    watch_ = *std::move(watch);
  }
  executor_->Schedule(std::chrono::steady_clock::now() + kTick, [this] { Tick(); });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<kvshim::Watch>> Feed::StartWatch() {
  const std::string everything(1, '\0');
  return store_.StartWatch(
      {.key = everything, .range_end = everything, .start_revision = store_.Status().revision + 1},
      [this](const auto& response) { OnResponse(response); });
}

void Feed::Stop() {
  std::unique_ptr<kvshim::Watch> watch;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    watch = std::move(watch_);
  }
  watch.reset();
  if (executor_ != nullptr) executor_->Stop();
  for (const auto& cache : Caches()) cache->Reset();
}

WatchCache& Feed::CacheOf(const kinds::Kind& kind) {
  MutexLock lock(mutex_);
  std::shared_ptr<WatchCache>& cache = caches_[kind.prefix];
  if (cache != nullptr) return *cache;
  cache = std::make_shared<WatchCache>(store_, kind, options_);
  if (!cache->custom()) return *cache;
  // Who asks may have looked at the kinds some time ago.
  const kinds::Kind* now = kinds_ == nullptr ? nullptr : kinds_->FindPrefix(kind.prefix);
  if (now == nullptr) {
    cache->SetKind(std::nullopt);
  } else if (!cache->IsOf(*now)) {
    cache->SetKind(*now);
  }
  return *cache;
}

void Feed::SetKinds(std::shared_ptr<const kinds::Kinds> kinds) {
  std::map<std::string, std::shared_ptr<WatchCache>> caches;
  {
    MutexLock lock(mutex_);
    kinds_ = kinds;
    for (const auto& [prefix, cache] : caches_) {
      if (cache->custom()) caches.emplace(prefix, cache);
    }
  }
  for (const auto& [prefix, cache] : caches) {
    const kinds::Kind* kind = kinds->FindPrefix(prefix);
    if (kind == nullptr) {
      cache->SetKind(std::nullopt);
    } else if (!cache->IsOf(*kind)) {
      cache->SetKind(*kind);
    }
  }
}

void Feed::OnResponse(const kvshim::WatchResponse& response) {
  (void)executor_->Submit([this, response] { Dispatch(response); });
}

void Feed::Dispatch(const kvshim::WatchResponse& response) {
  if (response.canceled) {
    Log(Level::kWarning, "the watch of the store broke off", {{"reason", response.cancel_reason}});
    for (const auto& cache : Caches()) cache->Reset();
    Begin();
    return;
  }
  std::map<WatchCache*, std::vector<kvshim::WatchEvent>> events;
  const auto caches = Caches();
  {
    MutexLock lock(mutex_);
    for (const kvshim::WatchEvent& event : response.events) {
      const std::string_view key = event.kv.key();
      auto found = caches_.upper_bound(key);
      if (found == caches_.begin()) continue;
      --found;
      if (key.starts_with(found->first)) events[found->second.get()].push_back(event);
    }
  }
  for (const auto& cache : caches) cache->Advance(events[cache.get()], response.revision);
}

// Caches that fill while there is no watch would miss what happens until there is one: they are
// emptied again once it runs.
void Feed::Begin() {
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
  }
  auto watch = StartWatch();
  if (!watch.ok()) {
    Log(Level::kWarning, "cannot watch the store", {{"error", watch.status()}});
    executor_->Schedule(std::chrono::steady_clock::now() + kTick, [this] { Begin(); });
    return;
  }
  std::unique_ptr<kvshim::Watch> old;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    old = std::exchange(watch_, *std::move(watch));
  }
  for (const auto& cache : Caches()) cache->Reset();
}

void Feed::Tick() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& cache : Caches()) cache->Tick(now);
  executor_->Schedule(now + kTick, [this] { Tick(); });
}

std::vector<std::shared_ptr<WatchCache>> Feed::Caches() {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<WatchCache>> caches;
  caches.reserve(caches_.size());
  for (const auto& [prefix, cache] : caches_) caches.push_back(cache);
  return caches;
}

}  // namespace kvplane::registry
