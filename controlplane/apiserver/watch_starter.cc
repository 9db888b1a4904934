#include "apiserver/watch_starter.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "apiserver/queued_listener.h"
#include "apiserver/watch_stream.h"
#include "base/clock.h"
#include "base/status.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

namespace base = kvshim::base;
using registry::Watcher;
using std::chrono::seconds;

constexpr seconds kBookmarks(60);
constexpr size_t kConversionThreads = 4;  // each may wait for a webhook
constexpr int64_t kShortest = 1800;       // of watches that do not say: as long, to twice as long

int64_t DefaultTimeout() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_int_distribution<int64_t>(kShortest, 2 * kShortest)(random);
}

// Where a watch begins.
struct Begin {
  int64_t revision = 0;
  bool objects = false;  // with all that there are
};

absl::StatusOr<Begin> BeginOf(registry::Registry& registry, const ListOptions& options) {
  Begin begin;
  begin.objects = options.initial_events.value_or(options.revision.value_or(0) == 0);
  if (options.revision.has_value()) {
    begin.revision = *options.revision;
  } else {
    ASSIGN_OR_RETURN(begin.revision, registry.CurrentRevision());
  }
  return begin;
}

}  // namespace

WatchStarter::WatchStarter(std::shared_ptr<registry::Registry> registry)
    : registry_(std::move(registry)), timers_({.name = "kp-timers"}) {}

std::shared_ptr<base::Executor> WatchStarter::ConversionExecutor() {
  base::MutexLock lock(mutex_);
  if (conversions_ == nullptr) {
    conversions_ = std::make_shared<base::Executor>(
        base::ExecutorOptions{.name = "kp-conversions", .threads = kConversionThreads});
  }
  return conversions_;
}

absl::Status WatchStarter::Start(Call call, const ListOptions& options,
                                 std::shared_ptr<Response> response) {
  registry::WatchCache& cache = registry_->CacheOf(call.stored_kind());
  ASSIGN_OR_RETURN(const Begin begin, BeginOf(*registry_, options));
  const int64_t timeout = options.timeout_seconds > 0 ? options.timeout_seconds : DefaultTimeout();
  const auto now = base::Clock::Real().Now();
  const auto deadline = now + seconds(timeout);
  const bool converts = call.converter != nullptr;
  auto stream = std::make_unique<WatchStream>(std::move(call), options.selection, response);
  WatchStream& listener = *stream;
  std::unique_ptr<Watcher::Listener> heard = std::move(stream);
  if (converts) {
    heard = std::make_unique<QueuedListener>(std::move(heard), ConversionExecutor());
  }
  const registry::Bookmarks bookmarks{.every = options.bookmarks ? kBookmarks : seconds(0),
                                      .deadline = deadline};
  const auto watcher = std::make_shared<Watcher>(std::move(heard), bookmarks, now);
  auto beginning = cache.StartWatch(watcher, begin.revision, begin.objects);
  listener.Begin();
  absl::Status begun = beginning.status();
  if (begun.ok()) begun = listener.Convert(beginning->objects);
  if (!begun.ok()) {
    cache.StopWatch(watcher);
    listener.SendError(begun);
    listener.End();
    return absl::OkStatus();
  }
  // The registry may be gone by the time a client goes.
  response->OnGone(
      [registry = std::weak_ptr(registry_), cache = &cache, watcher = std::weak_ptr(watcher)] {
        const auto held = registry.lock();
        const auto gone = watcher.lock();
        if (held != nullptr && gone != nullptr) cache->StopWatch(gone);
      });
  for (const auto& object : beginning->objects) listener.SendInitial(object);
  if (options.initial_events.value_or(false)) listener.SendInitialEnd(beginning->revision);
  bool wanted = true;
  for (const auto& event : beginning->events) wanted = wanted && listener.OnEvent(*event);
  if (!wanted) {
    cache.StopWatch(watcher);
    watcher->Stop();
    return absl::OkStatus();
  }
  watcher->GoOn();
  timers_.Schedule(deadline,
                   [registry = registry_, cache = &cache, watcher = std::weak_ptr(watcher)] {
                     const auto held = watcher.lock();
                     if (held == nullptr) return;
                     cache->StopWatch(held);
                     held->QueueEnd();
                     held->Drain();
                   });
  return absl::OkStatus();
}

}  // namespace kvplane::apiserver
