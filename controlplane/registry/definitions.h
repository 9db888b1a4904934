// Definitions: follows the CustomResourceDefinitions of the store and has their resources served:
// on every server, each by its own watch.
//
// Whichever server comes first writes what a definition's status tells: the names that are
// accepted, and that it is established. A definition that is deleted loses its objects first, then
// the finalizer that held it.
//
// Thread safety: every method may be called from any thread. Start comes first, once.
//
//   Definitions definitions(registry, served);
//   RETURN_IF_ERROR(definitions.Start());   // what is established already is served now
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "kinds/definition.h"
#include "kinds/definition_status.h"
#include "kinds/kind.h"
#include "kinds/served_kinds.h"
#include "registry/stored_object.h"
#include "registry/watcher.h"

namespace kvplane::registry {

class Feed;
class Registry;

class Definitions {
 public:
  Definitions(Registry& registry, Feed& feed, kinds::ServedKinds& served);
  ~Definitions() { Stop(); }
  Definitions(const Definitions&) = delete;
  Definitions& operator=(const Definitions&) = delete;

  absl::Status Start();
  void Stop();

 private:
  class Listener;

  // What is known of one.
  struct Known {
    std::string group;
    kinds::DefinedNames accepted;
    bool names_settled = false;  // those that it asks for are accepted
    bool terminating = false;    // its objects are to be deleted
    int64_t revision = 0;
    int64_t generation = 0;
    std::shared_ptr<const kinds::Definition> definition;
    bool established = false;
  };

  absl::Status Follow();
  void FollowAgain();
  void Forget(const std::shared_ptr<Watcher>& watcher);
  void Put(const StoredObject& object);
  void Remove(std::string_view name);
  void Serve();
  void Settle(const std::string& name);
  void SettleOthers(const std::string& group);
  void CleanUp(const std::string& name);
  bool Stopping();
  absl::StatusOr<bool> DeleteObjects(const std::shared_ptr<const kinds::Definition>& definition);
  absl::StatusOr<bool> TryCleanUp(const std::string& name, const Known& known);
  kinds::NamesInUse NamesOfOthers(const std::string& group, std::string_view name);
  absl::Status Write(const std::string& name,
                     const std::function<void(json::Object& definition)>& change);

  Registry& registry_;
  Feed& feed_;
  kinds::ServedKinds& served_;
  kvshim::base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::map<std::string, Known, std::less<>> known_ GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> cleaning_ GUARDED_BY(mutex_);  // for cleaner_ to do
  std::shared_ptr<Watcher> watcher_ GUARDED_BY(mutex_);
  // Reads definitions and writes their status; one thread, so that they stay in order.
  kvshim::base::Executor executor_{{.name = "kp-definitions"}};
  // Deletes the objects of those that go, which may take long.
  kvshim::base::Executor cleaner_{{.name = "kp-cleanup"}};
};

}  // namespace kvplane::registry
