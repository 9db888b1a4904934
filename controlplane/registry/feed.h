// Feed: one watch of the whole store, which tells every kind's cache how far the store has come.
//
// A watch a kind would not know how far it is while its kind rests: a list that must be consistent
// asks the store for its revision R and waits until its cache has come to R, and only a watch that
// sees every revision can say so without asking. The events of kinds nobody has asked for are
// passed over by their prefix.
//
// Where the watch breaks off (history was compacted before a slow watch had read it), all caches
// are emptied and the feed begins anew.
//
// Thread safety: every method may be called from any thread. Start comes first, once.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "kinds/kind.h"
#include "kvshim/store.h"
#include "registry/watch_cache.h"

namespace kvplane::registry {

class Feed {
 public:
  Feed(kvshim::Store& store, const WatchCacheOptions& options) : store_(store), options_(options) {}
  ~Feed() { Stop(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  absl::Status Start();
  // No cache is told anything after it; all watchers end.
  void Stop();

  // Made at first use; lives as long as the feed, also where its kind goes.
  WatchCache& CacheOf(const kinds::Kind& kind);
  // What is served from now on. Caches of custom resources that are not, or not as they were, are
  // emptied and their watchers end.
  void SetKinds(std::shared_ptr<const kinds::Kinds> kinds);

 private:
  absl::StatusOr<std::unique_ptr<kvshim::Watch>> StartWatch();
  void Begin();
  void OnResponse(const kvshim::WatchResponse& response);
  void Dispatch(const kvshim::WatchResponse& response);
  void Tick();
  std::vector<std::shared_ptr<WatchCache>> Caches();

  kvshim::Store& store_;
  const WatchCacheOptions options_;
  kvshim::base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::map<std::string, std::shared_ptr<WatchCache>, std::less<>> caches_ GUARDED_BY(mutex_);
  std::shared_ptr<const kinds::Kinds> kinds_ GUARDED_BY(mutex_);
  std::unique_ptr<kvshim::Watch> watch_ GUARDED_BY(mutex_);
  // Reads, encodes and tells watchers; the store's own thread only hands over. One thread, so that
  // events stay in order. Last: it stops first.
  std::unique_ptr<kvshim::base::Executor> executor_;
};

}  // namespace kvplane::registry
