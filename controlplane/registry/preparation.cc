#include "registry/preparation.h"

#include <set>
#include <string>
#include <utility>

#include "api/canonical.h"
#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/allocated.h"
#include "kinds/defaults.h"
#include "kinds/defined_object.h"
#include "kinds/definition_status.h"
#include "kinds/members.h"
#include "kinds/status.h"
#include "kinds/validation.h"
#include "registry/failure.h"
#include "registry/identity.h"

namespace kvplane::registry {

namespace {

using kinds::Child;
using kinds::Remove;
using kinds::Set;
using kinds::Text;
using kvshim::base::Concat;

absl::Status CheckNamespace(const kinds::Kind& kind, std::string_view name_space,
                            json::Object& metadata) {
  const std::string_view given = Text(metadata, {"namespace"});
  if (!kind.namespaced) {
    Remove(metadata, "namespace");
    return absl::OkStatus();
  }
  if (!given.empty() && given != name_space) {
    return BadRequest(
        "the namespace of the provided object does not match the namespace sent on "
        "the request");
  }
  Set(metadata, "namespace", json::Value(json::ToBoost(name_space)));
  return absl::OkStatus();
}

// Takes a member from `current`, also where that has none.
void Keep(const json::Object& current, std::string_view name, json::Object& object) {
  if (const json::Value* value = json::Find(current, name)) {
    Set(object, name, *value);
  } else {
    Remove(object, name);
  }
}

std::set<std::string> FinalizersOf(const json::Object& object) {
  std::set<std::string> out;
  if (const json::Array* list = kinds::FindArray(object, {"metadata", "finalizers"})) {
    for (const json::Value& one : *list) out.insert(kinds::Plain(one));
  }
  return out;
}

absl::Status CheckFinalizers(const kinds::Kind& kind, const json::Object& current,
                             const json::Object& object) {
  if (!kinds::Has(current, {"metadata", "deletionTimestamp"})) return absl::OkStatus();
  const auto before = FinalizersOf(current);
  std::string added;
  for (const std::string& one : FinalizersOf(object)) {
    if (before.contains(one)) continue;
    added.append(added.empty() ? "\"" : ", \"").append(one).append("\"");
  }
  if (added.empty()) return absl::OkStatus();
  return Invalid(kind, Text(object, {"metadata", "name"}),
                 {kinds::Forbidden("metadata.finalizers",
                                   Concat("no new finalizers can be added if the object is being "
                                          "deleted, found new finalizers []string{",
                                          added, "}"))});
}

bool IsSame(const json::Value* a, const json::Value* b) {
  static const json::Value kEmpty = json::Object();
  return api::JsonEqual(a == nullptr ? kEmpty : *a, b == nullptr ? kEmpty : *b);
}

// Of a custom resource everything else is its specification; a status of its own is not changed
// together with that.
bool IsSameButMetadata(json::Object a, json::Object b) {
  Remove(a, "metadata");
  Remove(b, "metadata");
  return api::JsonEqual(json::Value(std::move(a)), json::Value(std::move(b)));
}

absl::Status CheckIdentity(const kinds::Kind& kind, const json::Object& current,
                           const json::Object& metadata) {
  const std::string_view name = Text(current, {"metadata", "name"});
  const std::string_view given_name = Text(metadata, {"name"});
  if (given_name != name) {
    return BadRequest(Concat("the name of the object (", given_name,
                             ") does not match the name on the URL (", name, ")"));
  }
  const std::string_view uid = Text(metadata, {"uid"});
  const std::string_view current_uid = Text(current, {"metadata", "uid"});
  if (!uid.empty() && uid != current_uid) {
    return Conflict(kind, name,
                    Concat("Precondition failed: UID in precondition: ", uid,
                           ", UID in object meta: ", current_uid));
  }
  const std::string_view version = Text(metadata, {"resourceVersion"});
  const bool versioned = kind.definition != nullptr || kind.group == "apiextensions.k8s.io";
  if (versioned && version.empty()) {
    return Invalid(kind, name,
                   {{"FieldValueInvalid", "metadata.resourceVersion",
                     "Invalid value: 0x0: must be specified for an update"}});
  }
  if (!version.empty() && version != "0" &&
      version != Text(current, {"metadata", "resourceVersion"})) {
    return Stale(kind, name);
  }
  return absl::OkStatus();
}

// Everything but the part that is written comes from `current`.
void KeepAllBut(const json::Object& current, std::string_view member, json::Object& object) {
  json::Object kept = current;
  if (json::Value* value = json::Find(object, member)) {
    Set(kept, member, std::move(*value));
  } else {
    Remove(kept, member);
  }
  Keep(kinds::Child(object, "metadata"), "managedFields", Child(kept, "metadata"));
  object = std::move(kept);
}

void CountGeneration(const kinds::Kind& kind, const json::Object& current, std::string_view part,
                     json::Object& object) {
  if (part == "status") return;
  if (!kind.counts_generations) return;
  const bool same = kind.definition != nullptr ? IsSameButMetadata(current, object)
                                               : IsSame(json::Find(current, kind.generation_of),
                                                        json::Find(object, kind.generation_of));
  if (same) return;
  const int64_t generation = kinds::Integer(current, {"metadata", "generation"});
  Set(Child(object, "metadata"), "generation", generation + 1);
}

}  // namespace

absl::Status MakeCanonical(const kinds::Kind& kind, json::Object& object) {
  if (kind.definition != nullptr) return kinds::MakeDefinedCanonical(kind, object);
  if (kind.message == nullptr) return absl::OkStatus();
  auto canonical = api::Canonicalize(*kind.message, json::Value(std::move(object)));
  if (!canonical.ok()) return BadRequest(kvshim::base::FromAbsl(canonical.status().message()));
  object = std::move(canonical->get_object());
  return absl::OkStatus();
}

absl::Status CheckValid(const kinds::Kind& kind, const json::Object* current,
                        const json::Object& object) {
  const kinds::FieldErrors errors = kinds::Validate(kind, object, current);
  if (!errors.empty()) return Invalid(kind, Text(object, {"metadata", "name"}), errors);
  return absl::OkStatus();
}

absl::Status PrepareForCreate(const kinds::Kind& kind, std::string_view name_space,
                              json::Object& object) {
  json::Object& metadata = Child(object, "metadata");
  RETURN_IF_ERROR(CheckNamespace(kind, name_space, metadata));
  if (!Text(metadata, {"resourceVersion"}).empty()) {
    return BadRequest("resourceVersion should not be set on objects to be created");
  }
  if (Text(metadata, {"name"}).empty() && !Text(metadata, {"generateName"}).empty()) {
    Set(metadata, "name", json::Value(GenerateName(Text(metadata, {"generateName"})).c_str()));
  }
  for (const std::string_view name : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
                                      "generation", "resourceVersion"}) {
    Remove(metadata, name);
  }
  Set(metadata, "uid", json::Value(NewUid().c_str()));
  Set(metadata, "creationTimestamp", json::Value(FormatNow().c_str()));
  if (kind.counts_generations) Set(metadata, "generation", 1);
  return CompleteForCreate(kind, object);
}

absl::Status CompleteForCreate(const kinds::Kind& kind, json::Object& object) {
  kinds::ResetStatus(kind, object);
  kinds::SetDefaults(kind, object);
  return MakeCanonical(kind, object);
}

absl::Status PrepareForUpdate(const kinds::Kind& kind, const json::Object& current,
                              std::string_view part, json::Object& object) {
  json::Object& given = Child(object, "metadata");
  RETURN_IF_ERROR(CheckNamespace(kind, Text(current, {"metadata", "namespace"}), given));
  RETURN_IF_ERROR(CheckIdentity(kind, current, given));
  if (kind.group == "apiextensions.k8s.io" && part == "status") {
    Keep(current, "spec", object);
  } else if (part == "status" || part == "approval") {
    KeepAllBut(current, "status", object);
  } else if (part == "finalize") {
    KeepAllBut(current, "spec", object);
  } else if (kind.has_status && part != "binding") {
    Keep(current, "status", object);
    if (kind.group == "apiextensions.k8s.io") kinds::AddStoredVersion(object);
  }
  const json::Object* before = kinds::FindObject(current, {"metadata"});
  json::Object& metadata = Child(object, "metadata");
  for (const std::string_view name :
       {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
        "generation", "resourceVersion"}) {
    Keep(*before, name, metadata);
  }
  RETURN_IF_ERROR(CheckFinalizers(kind, current, object));
  kinds::SetDefaults(kind, object);
  kinds::KeepAllocated(kind, current, object);
  RETURN_IF_ERROR(MakeCanonical(kind, object));
  CountGeneration(kind, current, part, object);
  kinds::SetDefaults(kind, object);
  return MakeCanonical(kind, object);
}

}  // namespace kvplane::registry
