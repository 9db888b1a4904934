// Follower: tells of the objects of some kinds as the store has them: all of them when it begins,
// every change from then on.
//
// Thread safety: Follow before anything is destroyed; what is told comes from any thread, one
// kind's in order. Once Stop returns nobody is in the listener and nobody comes to it.
//
//   Follower follower(registry, listener, "kp-roles");
//   RETURN_IF_ERROR(follower.Follow(kind));   // the listener has been told of all when it returns
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "api/json.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "kinds/kind.h"
#include "registry/registry.h"
#include "registry/watcher.h"

namespace kvplane::auth {

class Follower {
 public:
  using Key = std::pair<std::string, std::string>;  // namespace, name

  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void Put(const kinds::Kind& kind, const api::json::Object& document) = 0;
    virtual void Remove(const kinds::Kind& kind, const api::json::Object& document) = 0;
    // There are no others.
    virtual void KeepOnly(const kinds::Kind& kind, const std::set<Key>& named) = 0;
  };

  // Both must outlive the follower. `name` is its thread's.
  Follower(registry::Registry& registry, Listener& listener, const std::string& name);
  ~Follower() { Stop(); }

  absl::Status Follow(const kinds::Kind& kind);
  // Tells nothing more; waits for what is being told. Not to be called by the listener.
  void Stop();

 private:
  class Watch;

  // The watch ended: the store's history was compacted before it had been read.
  void FollowAgain(const kinds::Kind& kind);
  void Forget(const kinds::Kind& kind, const std::shared_ptr<registry::Watcher>& watcher);

  registry::Registry& registry_;
  Listener& listener_;
  kvshim::base::Mutex mutex_;
  std::map<const kinds::Kind*, std::shared_ptr<registry::Watcher>> watchers_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  kvshim::base::Executor executor_;
};

}  // namespace kvplane::auth
