// Informer: the objects of one kind as this server knows them, for controllers: read without asking
// the store, found by what they refer to, and every change told in order.
//
// It holds the watch cache's own objects, no copies. Where the feed breaks off it reads the kind
// anew and tells what differs, so that a handler misses no object, though it may miss states
// between. What it holds may be a moment older than the store: a write's outcome is not in it yet.
//
// Thread safety: handlers and indexes are added before Start, on one thread; all else may be called
// from any thread. Handlers run on the executor's thread, one at a time; they must not wait.
//
//   Informer pods(registry, kind, executor);
//   pods.AddIndex(kByController);
//   pods.AddHandler([&](const Change& change) { queue.Add(change.key()); });
//   RETURN_IF_ERROR(pods.Start());
//   pods.Get("default/web");   pods.Find(kByController, uid);
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "controller/change.h"
#include "kinds/kind.h"
#include "registry/registry.h"
#include "registry/watcher.h"

namespace kvplane::controller {

// What objects are found by. One of a name is one, whoever adds it.
struct Index {
  std::string_view name;
  std::vector<std::string> (*values)(const json::Object& object);
};

// The uid of the controller that owns the object, of all owners, the node of a pod.
extern const Index kByController;
extern const Index kByOwner;
extern const Index kByNode;

class Informer {
 public:
  using Handler = std::function<void(const Change& change)>;

  // All must outlive it; the executor has one thread. Informers (informers.h) makes and ends them.
  Informer(registry::Registry& registry, const kinds::Kind& kind, kvshim::base::Executor& executor)
      : registry_(registry), kind_(kind), executor_(executor) {}
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  const kinds::Kind& kind() const { return kind_; }

  void AddHandler(Handler handler) { handlers_.push_back(std::move(handler)); }
  void AddIndex(const Index& index);

  // Holds all objects and has told of them, on the calling thread, when it returns.
  absl::Status Start();
  // On the executor's thread. What is queued there then still refers to the informer.
  void Stop();

  // Null where it is not there. The key is "namespace/name", or "name".
  StoredObjectPtr Get(std::string_view key) const;
  // In the order of their keys.
  std::vector<StoredObjectPtr> List(std::string_view name_space = "") const;
  std::vector<StoredObjectPtr> Find(const Index& index, const std::string& value) const;

  // Waits until it knows what was written to the kind at `revision`, the resourceVersion of what a
  // write returned: so that who creates looks only after what it created. kUnavailable after 5 s;
  // not to be called from a handler.
  absl::Status Await(int64_t revision);

  // "namespace/name", or "name".
  std::string_view KeyOf(const registry::StoredObject& object) const {
    return std::string_view(object.key()).substr(kind_.prefix.size());
  }

 private:
  class Listener;
  struct Inbox;
  struct IndexTable {
    Index index;
    absl::flat_hash_map<std::string, absl::flat_hash_set<StoredObjectPtr>> objects;
  };

  absl::Status Follow();
  void FollowAgain();
  void Deliver();
  void Replace(const registry::WatchCache::Beginning& beginning);
  void Take(std::string_view key, StoredObjectPtr after);
  void Keep(const Change& change);
  void Reach(int64_t revision);

  registry::Registry& registry_;
  const kinds::Kind& kind_;
  kvshim::base::Executor& executor_;
  std::vector<Handler> handlers_;

  mutable kvshim::base::SharedMutex mutex_;
  // By the keys within the objects.
  std::map<std::string_view, StoredObjectPtr> objects_ GUARDED_BY(mutex_);
  std::vector<IndexTable> indexes_ GUARDED_BY(mutex_);

  kvshim::base::Mutex reach_;
  kvshim::base::Condition reached_;
  int64_t revision_ GUARDED_BY(reach_) = 0;  // up to which changes were told

  // Of Start, then of the executor's thread.
  std::shared_ptr<Inbox> inbox_;
  std::shared_ptr<registry::Watcher> watcher_;
  kvshim::base::Executor::TimerId again_{};
  bool stopped_ = false;
};

}  // namespace kvplane::controller
