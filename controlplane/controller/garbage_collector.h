// GarbageCollector: deletes what has owners and none of them is there any more, and ends deletions
// that concern dependents: in the foreground an object stays until those that block it are gone, as
// an orphan's owner it stays until they know it no longer.
//
// An object's owners are named by uid. The collector remembers for each object that names owners
// which these are, and by owner who names it; objects that neither have owners nor are any cost
// nothing. It looks at an object that names owners when it comes and when its owners change, at all
// dependents of what has gone, and at what is being deleted with a finalizer of the collector's.
// What informers know is enough to find that an owner is there; that one is not is asked of the
// store.
//
// An owner lies in its dependent's namespace, or in none. One of the right uid elsewhere is none,
// and an event says so.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "controller/controller.h"

namespace kvplane::controller {

class GarbageCollector : public Controller {
 public:
  explicit GarbageCollector(Environment& environment);

  // The key is that of the store: "/registry/pods/default/web".
  absl::Status Sync(const std::string& key) override;

 private:
  // An object by the names that requests want.
  struct Place {
    Informer* informer = nullptr;  // null: of no kind that is followed
    std::string name_space;
    std::string name;

    const kinds::Kind& kind() const { return informer->kind(); }
  };
  enum class Owner { kSolid, kWaiting, kAbsent };

  void Follow(const kinds::Kind& kind);
  void Hear(Informer& informer, const Change& change);
  // Whether they are others than before.
  bool Remember(const std::string& key, std::vector<std::string> owners);
  void AddDependents(const std::string& uid);
  // Those that may wait for this dependent of theirs.
  void AddOwners(const json::Object& dependent);
  std::vector<std::string> DependentsOf(const std::string& uid);
  Place PlaceOf(const std::string& key) const;

  absl::Status DeleteUnlessOwned(const std::string& key, const Place& place,
                                 const json::Object& object);
  absl::StatusOr<Owner> Look(const Place& place, const json::Object& object,
                             const json::Object& reference);
  void WarnOfNamespace(const Place& place, const json::Object& object,
                       const json::Object& reference);
  // Lets its owners go before it.
  absl::Status Unblock(const Place& place);
  absl::Status DropReferences(const Place& place, const absl::flat_hash_set<std::string>& uids);
  absl::Status EndForeground(const Place& place, const json::Object& object);
  absl::Status Orphan(const Place& place, const json::Object& object);
  absl::Status RemoveFinalizer(const Place& place, std::string_view finalizer);

  std::map<std::string, Informer*> followed_;  // by the kinds' prefixes; fixed once it runs

  kvshim::base::Mutex mutex_;
  absl::flat_hash_map<std::string, std::vector<std::string>> owners_ GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> dependents_ GUARDED_BY(mutex_);
  // uids of owners that were asked for and are not there: a uid never comes back.
  absl::flat_hash_set<std::string> absent_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::controller
