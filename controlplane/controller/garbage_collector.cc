#include "controller/garbage_collector.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";
constexpr size_t kMostAbsent = 500;

bool IsDeleted(const json::Object& object) {
  return kinds::Has(object, {"metadata", "deletionTimestamp"});
}

bool HasFinalizer(const json::Object& object, std::string_view finalizer) {
  const json::Array* list = kinds::FindArray(object, {"metadata", "finalizers"});
  return list != nullptr && std::any_of(list->begin(), list->end(), [&](const json::Value& one) {
           return kinds::Plain(one) == finalizer;
         });
}

bool IsDeletedWith(const json::Object& object, std::string_view finalizer) {
  return IsDeleted(object) && HasFinalizer(object, finalizer);
}

bool Blocks(const json::Object& dependent, std::string_view owner) {
  bool blocks = false;
  kinds::ForEach(dependent, {"metadata", "ownerReferences"}, [&](const json::Object& reference) {
    blocks |= Text(reference, {"uid"}) == owner && kinds::True(reference, {"blockOwnerDeletion"});
  });
  return blocks;
}

// What an event costs most is reading its document: most objects say at a glance that the collector
// has nothing to do with them.
bool MayConcern(const registry::StoredObject& object) {
  return object.json().find("\"ownerReferences\"") != std::string::npos ||
         object.json().find("\"deletionTimestamp\"") != std::string::npos;
}

json::Object Preconditions(const json::Object& object, std::string_view policy) {
  return {{"propagationPolicy", json::ToBoost(policy)},
          {"preconditions",
           json::Object{
               {"uid", json::ToBoost(Text(object, {"metadata", "uid"}))},
               {"resourceVersion", json::ToBoost(Text(object, {"metadata", "resourceVersion"}))}}}};
}

absl::Status UnlessGone(const absl::Status& status) {
  return registry::HasReason(status, "NotFound") ? absl::OkStatus() : status;
}

}  // namespace

GarbageCollector::GarbageCollector(Environment& environment)
    : Controller(environment, {.name = "generic-garbage-collector", .concurrency = 20}) {
  for (const kinds::Kind& kind : environment.kinds.kinds()) {
    // Events end by themselves, and there are many.
    if (kind.plural != "events") Follow(kind);
  }
}

void GarbageCollector::Follow(const kinds::Kind& kind) {
  Informer& informer = environment().informers.Of(kind);
  followed_[kind.prefix] = &informer;
  informer.AddHandler([this, &informer](const Change& change) { Hear(informer, change); });
}

void GarbageCollector::Hear(Informer& informer, const Change& change) {
  const std::string key = informer.kind().prefix + change.key();
  if (change.deleted()) {
    Remember(key, {});
    AddDependents(std::string(Text(change.document(), {"metadata", "uid"})));
    AddOwners(change.document());
    return;
  }
  static const json::Object kNothing;
  const json::Object& object = MayConcern(*change.after()) ? change.document() : kNothing;
  std::vector<std::string> owners = kByOwner.values(object);
  const bool has_owners = !owners.empty();
  const bool differ = Remember(key, std::move(owners));
  if (differ && !change.added()) AddOwners(change.old_document());
  if ((has_owners && differ) || IsDeletedWith(object, kForeground) ||
      IsDeletedWith(object, kOrphan)) {
    queue().Add(key);
  }
}

bool GarbageCollector::Remember(const std::string& key, std::vector<std::string> owners) {
  MutexLock lock(mutex_);
  const auto known = owners_.find(key);
  if (known == owners_.end() ? owners.empty() : known->second == owners) return false;
  if (known != owners_.end()) {
    for (const std::string& uid : known->second) {
      const auto found = dependents_.find(uid);
      if (found == dependents_.end()) continue;
      found->second.erase(key);
      if (found->second.empty()) dependents_.erase(found);
    }
    owners_.erase(known);
  }
  if (owners.empty()) return true;
  for (const std::string& uid : owners) dependents_[uid].insert(key);
  owners_[key] = std::move(owners);
  return true;
}

std::vector<std::string> GarbageCollector::DependentsOf(const std::string& uid) {
  MutexLock lock(mutex_);
  const auto found = dependents_.find(uid);
  if (found == dependents_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void GarbageCollector::AddDependents(const std::string& uid) {
  for (const std::string& key : DependentsOf(uid)) queue().Add(key);
}

void GarbageCollector::AddOwners(const json::Object& dependent) {
  const std::string_view name_space = Text(dependent, {"metadata", "namespace"});
  kinds::ForEach(dependent, {"metadata", "ownerReferences"}, [&](const json::Object& reference) {
    const kinds::Served* served =
        environment().kinds.FindKind(Text(reference, {"apiVersion"}), Text(reference, {"kind"}));
    if (served == nullptr || served->kind == nullptr) return;
    queue().Add(Concat(served->kind->prefix,
                       served->kind->namespaced ? Concat(name_space, "/") : std::string(),
                       Text(reference, {"name"})));
  });
}

GarbageCollector::Place GarbageCollector::PlaceOf(const std::string& key) const {
  auto found = followed_.upper_bound(key);
  if (found == followed_.begin()) return {};
  --found;
  if (!key.starts_with(found->first)) return {};
  const std::string rest = key.substr(found->first.size());
  const size_t slash = rest.find('/');
  if (slash == std::string::npos) return {found->second, "", rest};
  return {found->second, rest.substr(0, slash), rest.substr(slash + 1)};
}

absl::Status GarbageCollector::Sync(const std::string& key) {
  const Place place = PlaceOf(key);
  if (place.informer == nullptr) return absl::OkStatus();
  const auto object = client().Get(place.kind(), place.name_space, place.name);
  if (!object.ok()) return UnlessGone(object.status());
  if (IsDeletedWith(*object, kOrphan)) return Orphan(place, *object);
  if (IsDeletedWith(*object, kForeground)) return EndForeground(place, *object);
  return IsDeleted(*object) ? absl::OkStatus() : DeleteUnlessOwned(key, place, *object);
}

absl::Status GarbageCollector::DeleteUnlessOwned(const std::string& key, const Place& place,
                                                 const json::Object& object) {
  size_t solid = 0;
  size_t waiting = 0;
  absl::flat_hash_set<std::string> unsound;
  const json::Array* references = kinds::FindArray(object, {"metadata", "ownerReferences"});
  if (references == nullptr || references->empty()) return absl::OkStatus();
  for (const json::Value& reference : *references) {
    ASSIGN_OR_RETURN(const Owner owner, Look(place, object, reference.as_object()));
    solid += owner == Owner::kSolid ? 1 : 0;
    waiting += owner == Owner::kWaiting ? 1 : 0;
    if (owner != Owner::kSolid) unsound.emplace(Text(reference.as_object(), {"uid"}));
  }
  if (solid == references->size()) return absl::OkStatus();
  // One that is there keeps it; the others are forgotten.
  if (solid > 0) return DropReferences(place, unsound);
  std::string_view policy = "Background";
  if (HasFinalizer(object, kOrphan)) {
    policy = "Orphan";
  } else if (HasFinalizer(object, kForeground)) {
    policy = "Foreground";
  } else if (waiting > 0) {
    // Its owner waits until all below it are gone: then it waits for its own.
    const std::string uid(Text(object, {"metadata", "uid"}));
    const std::vector<std::string> dependents = DependentsOf(uid);
    if (!dependents.empty()) policy = "Foreground";
    for (const std::string& dependent : dependents) {
      // What waits for its own dependents already may be what this one waits for: a circle.
      const Place below = PlaceOf(dependent);
      const auto waits = client().Get(below.kind(), below.name_space, below.name);
      if (!waits.ok() || !IsDeletedWith(*waits, kForeground)) continue;
      RETURN_IF_ERROR(Unblock(place));
      AddOwners(object);
      break;
    }
  }
  const absl::Status deleted =
      client().Delete(place.kind(), place.name_space, place.name, Preconditions(object, policy));
  // Another wrote in between: its owners may be others now.
  if (registry::HasReason(deleted, "Conflict")) queue().Add(key);
  return registry::HasReason(deleted, "Conflict") ? absl::OkStatus() : UnlessGone(deleted);
}

absl::StatusOr<GarbageCollector::Owner> GarbageCollector::Look(const Place& place,
                                                               const json::Object& object,
                                                               const json::Object& reference) {
  const std::string uid(Text(reference, {"uid"}));
  const std::string name(Text(reference, {"name"}));
  {
    MutexLock lock(mutex_);
    if (absent_.contains(uid)) return Owner::kAbsent;
  }
  const kinds::Served* served =
      environment().kinds.FindKind(Text(reference, {"apiVersion"}), Text(reference, {"kind"}));
  if (served == nullptr || served->kind == nullptr) {
    return absl::UnavailableError(Concat("no kind \"", Text(reference, {"kind"}),
                                         "\" in version \"", Text(reference, {"apiVersion"}),
                                         "\": its owners may be"));
  }
  const kinds::Kind& kind = *served->kind;
  if (kind.namespaced && place.name_space.empty()) {
    // Nobody can say in which namespace it should lie.
    WarnOfNamespace(place, object, reference);
    return Owner::kSolid;
  }
  const std::string name_space = kind.namespaced ? place.name_space : "";
  const auto judge = [&](const json::Object& owner) {
    return IsDeletedWith(owner, kForeground) ? Owner::kWaiting : Owner::kSolid;
  };
  const auto followed = followed_.find(kind.prefix);
  if (followed != followed_.end()) {
    const StoredObjectPtr known =
        followed->second->Get(name_space.empty() ? name : Concat(name_space, "/", name));
    if (known != nullptr) {
      const json::Object owner = known->Parse();
      if (Text(owner, {"metadata", "uid"}) == uid && !IsDeleted(owner)) return Owner::kSolid;
    }
  }
  const auto owner = client().Get(kind, name_space, name);
  if (owner.ok() && Text(*owner, {"metadata", "uid"}) == uid) return judge(*owner);
  if (!owner.ok() && !registry::HasReason(owner.status(), "NotFound")) return owner.status();
  WarnOfNamespace(place, object, reference);
  MutexLock lock(mutex_);
  if (absent_.size() >= kMostAbsent) absent_.clear();
  absent_.insert(uid);
  return Owner::kAbsent;
}

// Where there is such an owner, but elsewhere.
void GarbageCollector::WarnOfNamespace(const Place& place, const json::Object& object,
                                       const json::Object& reference) {
  const kinds::Served* served =
      environment().kinds.FindKind(Text(reference, {"apiVersion"}), Text(reference, {"kind"}));
  const auto followed = followed_.find(served->kind->prefix);
  if (!served->kind->namespaced || followed == followed_.end()) return;
  const std::string suffix = Concat("/", Text(reference, {"name"}));
  for (const StoredObjectPtr& other : followed->second->List()) {
    if (!other->key().ends_with(suffix)) continue;
    const json::Object owner = other->Parse();
    if (Text(owner, {"metadata", "uid"}) != Text(reference, {"uid"})) continue;
    recorder().Record(
        object, EventType::kWarning, "OwnerRefInvalidNamespace",
        Concat("ownerRef [", Text(reference, {"apiVersion"}), "/", Text(reference, {"kind"}),
               ", namespace: ", place.name_space, ", name: ", Text(reference, {"name"}),
               ", uid: ", Text(reference, {"uid"}), "] does not exist in namespace \"",
               place.name_space, "\""));
    return;
  }
}

absl::Status GarbageCollector::Unblock(const Place& place) {
  const auto edit = [](json::Object& object) {
    kinds::ForEach(object, {"metadata", "ownerReferences"}, [](json::Object& reference) {
      if (kinds::True(reference, {"blockOwnerDeletion"})) {
        kinds::Set(reference, "blockOwnerDeletion", false);
      }
    });
  };
  return UnlessGone(client().Change(place.kind(), place.name_space, place.name, "", edit).status());
}

absl::Status GarbageCollector::DropReferences(const Place& place,
                                              const absl::flat_hash_set<std::string>& uids) {
  const auto edit = [&](json::Object& object) {
    json::Array kept;
    kinds::ForEach(object, {"metadata", "ownerReferences"}, [&](const json::Object& reference) {
      if (!uids.contains(std::string(Text(reference, {"uid"})))) kept.emplace_back(reference);
    });
    json::Object& metadata = kinds::Child(object, "metadata");
    if (kept.empty()) {
      kinds::Remove(metadata, "ownerReferences");
    } else {
      kinds::Set(metadata, "ownerReferences", std::move(kept));
    }
  };
  return UnlessGone(client().Change(place.kind(), place.name_space, place.name, "", edit).status());
}

absl::Status GarbageCollector::EndForeground(const Place& place, const json::Object& object) {
  const std::string uid(Text(object, {"metadata", "uid"}));
  bool blocked = false;
  for (const std::string& key : DependentsOf(uid)) {
    const Place below = PlaceOf(key);
    const auto dependent = client().Get(below.kind(), below.name_space, below.name);
    if (!dependent.ok()) {
      RETURN_IF_ERROR(UnlessGone(dependent.status()));
      continue;
    }
    blocked |= Blocks(*dependent, uid);
    if (!IsDeletedWith(*dependent, kForeground)) queue().Add(key);
  }
  // The last that blocks it brings it back when it goes.
  return blocked ? absl::OkStatus() : RemoveFinalizer(place, kForeground);
}

absl::Status GarbageCollector::Orphan(const Place& place, const json::Object& object) {
  const std::string uid(Text(object, {"metadata", "uid"}));
  for (const std::string& key : DependentsOf(uid)) {
    RETURN_IF_ERROR(DropReferences(PlaceOf(key), {uid}));
  }
  return RemoveFinalizer(place, kOrphan);
}

absl::Status GarbageCollector::RemoveFinalizer(const Place& place, std::string_view finalizer) {
  const auto edit = [&](json::Object& object) {
    json::Array* list = kinds::FindArray(object, {"metadata", "finalizers"});
    if (list == nullptr) return;
    list->erase(
        std::remove_if(list->begin(), list->end(),
                       [&](const json::Value& one) { return kinds::Plain(one) == finalizer; }),
        list->end());
    if (list->empty()) kinds::Remove(kinds::Child(object, "metadata"), "finalizers");
  };
  return UnlessGone(client().Change(place.kind(), place.name_space, place.name, "", edit).status());
}

}  // namespace kvplane::controller
