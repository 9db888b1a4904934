#include "api/field_ownership.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/canonical.h"
#include "api/json_equal.h"
#include "api/last_applied.h"
#include "api/slots.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

// What the server sets, or what says which object it is: nobody's.
const FieldSet& NeverOwned() {
  static const FieldSet* const set = new FieldSet({{"apiVersion"},
                                                   {"kind"},
                                                   {"metadata"},
                                                   {"metadata", "name"},
                                                   {"metadata", "namespace"},
                                                   {"metadata", "creationTimestamp"},
                                                   {"metadata", "selfLink"},
                                                   {"metadata", "uid"},
                                                   {"metadata", "clusterName"},
                                                   {"metadata", "generation"},
                                                   {"metadata", "managedFields"},
                                                   {"metadata", "resourceVersion"}});
  return *set;
}

std::string_view Text(const json::Object& object, std::string_view name) {
  const json::Value* value = json::Find(object, name);
  return value != nullptr && value->is_string() ? json::View(value->get_string())
                                                : std::string_view();
}

std::string_view MetadataText(const json::Object& object, std::string_view name) {
  const json::Value* metadata = json::Find(object, "metadata");
  return metadata != nullptr && metadata->is_object() ? Text(metadata->get_object(), name)
                                                      : std::string_view();
}

ManagedFields ReadOrNone(const json::Object& object) {
  auto managed = ManagedFields::Read(object);
  return managed.ok() ? *std::move(managed) : ManagedFields();
}

json::Object WithoutManagedFields(json::Object object) {
  RemoveManagedFields(object);
  return object;
}

Comparison Changes(const MergeType& type, const json::Value& before, const json::Value& after,
                   const FieldSet& ignored) {
  Comparison changes = CompareTyped(type, before, after);
  if (!ignored.empty()) {
    changes.removed = changes.removed.RecursiveDifference(ignored);
    changes.modified = changes.modified.RecursiveDifference(ignored);
    changes.added = changes.added.RecursiveDifference(ignored);
  }
  return changes;
}

std::string ManagerName(const FieldOwnershipOptions& options) {
  return options.manager.empty() ? "unknown" : options.manager;
}

}  // namespace

std::string ApplyResult::ConflictMessage() const {
  if (conflicts.size() == 1) {
    return Concat("Apply failed with 1 conflict: conflict with ", conflicts[0].manager, ": ",
                  conflicts[0].field);
  }
  std::map<std::string, std::vector<std::string>> by_manager;
  for (const FieldConflict& conflict : conflicts) {
    by_manager[conflict.manager].push_back(conflict.field);
  }
  std::string out = Concat("Apply failed with ", conflicts.size(), " conflicts: ");
  bool first = true;
  for (const auto& [manager, fields] : by_manager) {
    out += Concat(first ? "" : "\n", "conflicts with ", manager, ":");
    first = false;
    for (const std::string& field : fields) out += Concat("\n- ", field);
  }
  return out;
}

json::Object FieldOwnership::Nothing() const {
  return message_ == nullptr ? json::Object() : EmptyObject(*message_);
}

json::Object FieldOwnership::Update(const json::Object& live, json::Object object,
                                    const FieldOwnershipOptions& options) const {
  ManagedFields managed;
  const bool reset = options.subresource.empty() && AsksToResetManagedFields(object);
  if (!reset) {
    // Clients that know nothing of managed fields may leave them out.
    if (options.subresource.empty()) managed = ReadOrNone(object);
    if (managed.empty()) managed = ReadOrNone(live);
  }
  RemoveManagedFields(object);
  // An object that nobody was tracked for is not tracked until it is applied to.
  if (managed.empty() && !MetadataText(live, "uid").empty()) return object;
  const FieldOwner owner{.manager = ManagerName(options),
                         .api_version = api_version_,
                         .subresource = options.subresource};
  const json::Value after = object;
  UpdateOwners(WithoutManagedFields(live), after, owner, options, managed);
  managed.LimitUpdaters();
  managed.Write(object);
  return object;
}

void FieldOwnership::UpdateOwners(const json::Value& live, const json::Value& object,
                                  const FieldOwner& owner, const FieldOwnershipOptions& options,
                                  ManagedFields& managed) const {
  const Comparison changes = Changes(type_, live, object, options.ignored);
  // From the owner, too: what it owned and has not changed stays its own.
  TakeOwnership(changes, FieldOwner(), true, managed.owners());
  const FieldSet taken = changes.modified.Union(changes.added)
                             .RecursiveDifference(options.ignored)
                             .Difference(NeverOwned());
  if (taken.empty()) return;
  OwnedFields& owned = managed.owners()[owner];
  owned.fields = owned.fields.Union(taken);
  owned.api_version = api_version_;
  owned.time = options.now;
}

std::vector<FieldConflict> FieldOwnership::TakeOwnership(const Comparison& changes,
                                                         const FieldOwner& except, bool force,
                                                         Owners& owners) const {
  const FieldSet changed = changes.modified.Union(changes.added);
  std::vector<FieldConflict> conflicts;
  if (!force) {
    for (const auto& [owner, owned] : owners) {
      if (owner == except) continue;
      owned.fields.Intersection(changed).ForEach(
          [&](const FieldsPath& path) { conflicts.push_back({owner.ToString(), ToString(path)}); });
    }
    if (!conflicts.empty()) return conflicts;
  }
  for (auto owner = owners.begin(); owner != owners.end();) {
    FieldSet& fields = owner->second.fields;
    if (owner->first != except) fields = fields.Difference(changed).Difference(changes.removed);
    owner = fields.empty() ? owners.erase(owner) : std::next(owner);
  }
  return conflicts;
}

// Takes out what the manager applied last time, unless it does so now, or another owner has it, or
// it was never the manager's own.
json::Value FieldOwnership::Prune(const json::Value& merged, const Owners& owners,
                                  const FieldSet& last) const {
  if (last.empty()) return merged;
  const auto named = [this](const FieldSet& fields) { return WithDeclaredParents(type_, fields); };
  json::Value pruned = RemoveFields(type_, merged, named(last));
  const FieldSet in_merged = named(FieldsOf(type_, merged));
  FieldSet owned;
  for (const auto& [owner, fields] : owners) owned = owned.Union(fields.fields);
  const FieldSet kept = named(FieldsOf(type_, pruned)).Union(named(owned));
  pruned = RemoveFields(type_, merged, in_merged.Difference(kept));
  const FieldSet gone = in_merged.Difference(named(FieldsOf(type_, pruned)));
  return RemoveFields(type_, merged, gone.Intersection(named(last)));
}

absl::StatusOr<ApplyResult> FieldOwnership::ApplyOnce(const json::Object& live,
                                                      const json::Value& applied,
                                                      const FieldOwnershipOptions& options,
                                                      ManagedFields managed,
                                                      std::vector<FieldsPath>& conflicting) const {
  const FieldOwner owner{
      .manager = ManagerName(options), .applies = true, .subresource = options.subresource};
  const json::Value before = live;
  ASSIGN_OR_RETURN(json::Value merged, MergeTyped(type_, before, applied));
  OwnedFields& owned = managed.owners()[owner];
  const FieldSet last =
      std::exchange(owned.fields, FieldsOf(type_, applied).RecursiveDifference(options.ignored));
  owned.api_version = api_version_;
  merged = Prune(merged, managed.owners(), last);

  ApplyResult result;
  const Comparison changes = Changes(type_, before, merged, options.ignored);
  const FieldSet changed = changes.modified.Union(changes.added);
  if (!options.force) {
    for (const auto& [other, fields] : managed.owners()) {
      if (other == owner) continue;
      fields.fields.Intersection(changed).ForEach(
          [&conflicting](const FieldsPath& path) { conflicting.push_back(path); });
    }
  }
  result.conflicts = TakeOwnership(changes, owner, options.force, managed.owners());
  if (!result.conflicts.empty()) return result;
  result.changed = !JsonEqual(before, merged);
  if (const auto own = managed.owners().find(owner); own != managed.owners().end()) {
    own->second.fields = own->second.fields.Difference(NeverOwned());
    if (own->second.fields.empty()) {
      managed.owners().erase(own);
    } else if (result.changed) {
      own->second.time = options.now;
    }
  }
  if (merged.is_null()) merged = json::Object();
  if (message_ != nullptr) {
    ASSIGN_OR_RETURN(merged, Canonicalize(*message_, std::move(merged)));
  }
  result.object = std::move(merged.get_object());
  managed.Write(result.object);
  return result;
}

absl::StatusOr<ApplyResult> FieldOwnership::Apply(const json::Object& live,
                                                  const json::Object& configuration,
                                                  const FieldOwnershipOptions& options) const {
  auto managed = ManagedFields::Read(live);
  if (!managed.ok()) {
    return absl::InvalidArgumentError(Concat("failed to decode managed fields: ",
                                             kvshim::base::FromAbsl(managed.status().message())));
  }
  if (const auto version = Text(configuration, "apiVersion"); version != api_version_) {
    return absl::InvalidArgumentError(
        Concat("Incorrect version specified in apply patch. Specified patch version: ", version,
               ", expected: ", api_version_));
  }
  const json::Value* metadata = json::Find(configuration, "metadata");
  if (metadata != nullptr && metadata->is_object()) {
    const json::Value* entries = json::Find(metadata->get_object(), "managedFields");
    if (entries != nullptr && !entries->is_null()) {
      return absl::InvalidArgumentError("metadata.managedFields must be nil");
    }
  }
  const json::Value applied = configuration;
  if (const absl::Status fits = CheckTyped(type_, applied); !fits.ok()) {
    return absl::InvalidArgumentError(
        Concat("failed to create typed patch object (", MetadataText(configuration, "namespace"),
               "/", MetadataText(configuration, "name"), "; ", api_version_, ", Kind=", kind_,
               "): ", kvshim::base::FromAbsl(fits.message())));
  }
  const json::Object bare = WithoutManagedFields(live);
  if (managed->empty()) {
    const FieldOwner before{.manager = "before-first-apply",
                            .api_version = api_version_,
                            .subresource = options.subresource};
    UpdateOwners(Nothing(), bare, before, options, *managed);
  }
  std::vector<FieldsPath> conflicting;
  auto result = ApplyOnce(bare, applied, options, *managed, conflicting);
  if (!result.ok() || options.manager != kKubectlApply) return result;
  if (!result->conflicts.empty()) {
    // What kubectl itself applied from its side, and nobody has changed since, is no conflict.
    const FieldSet allowed = LastAppliedFields(type_, api_version_, bare);
    std::vector<FieldConflict> left;
    for (size_t i = 0; i < conflicting.size(); ++i) {
      FieldSet one;
      one.Insert(conflicting[i]);
      if (!one.Difference(allowed).empty()) left.push_back(result->conflicts[i]);
    }
    result->conflicts = std::move(left);
    if (!result->conflicts.empty()) return result;
    FieldOwnershipOptions forced = options;
    forced.force = true;
    result = ApplyOnce(bare, applied, forced, *std::move(managed), conflicting);
  }
  if (result.ok()) RefreshLastApplied(configuration, result->object);
  return result;
}

}  // namespace kvplane::api
