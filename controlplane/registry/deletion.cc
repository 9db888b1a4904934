#include "registry/deletion.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/definition_status.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/identity.h"

namespace kvplane::registry {

namespace {

using kinds::Child;
using kinds::Set;
using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

json::Array Finalizers(const json::Object& object) {
  const json::Array* list = kinds::FindArray(object, {"metadata", "finalizers"});
  return list == nullptr ? json::Array() : *list;
}

void SetPropagation(Propagation propagation, json::Object& object) {
  if (propagation == Propagation::kAsIs) return;
  json::Array finalizers;
  for (json::Value& one : Finalizers(object)) {
    const std::string name = kinds::Plain(one);
    if (name != kOrphan && name != kForeground) finalizers.push_back(std::move(one));
  }
  if (propagation == Propagation::kOrphan) finalizers.emplace_back(json::ToBoost(kOrphan));
  if (propagation == Propagation::kForeground) finalizers.emplace_back(json::ToBoost(kForeground));
  json::Object& metadata = Child(object, "metadata");
  if (finalizers.empty()) {
    kinds::Remove(metadata, "finalizers");
  } else {
    Set(metadata, "finalizers", std::move(finalizers));
  }
}

int64_t GraceOf(const kinds::Kind& kind, const DeleteOptions& options, const json::Object& object) {
  if (!kind.graceful) return 0;
  const std::string_view phase = Text(object, {"status", "phase"});
  // Nobody runs it: there is no one to wait for.
  if (Text(object, {"spec", "nodeName"}).empty() || phase == "Succeeded" || phase == "Failed") {
    return 0;
  }
  int64_t grace = kinds::Integer(object, {"spec", "terminationGracePeriodSeconds"}, 30);
  if (options.grace_seconds.has_value()) grace = *options.grace_seconds;
  return grace < 0 ? 1 : grace;
}

bool IsDefinition(const kinds::Kind& kind) { return kind.group == "apiextensions.k8s.io"; }

bool IsNamespace(const kinds::Kind& kind) {
  return kind.group.empty() && kind.plural == "namespaces";
}

bool IsHeld(const kinds::Kind& kind, const json::Object& object) {
  if (!Finalizers(object).empty()) return true;
  const json::Array* spec =
      IsNamespace(kind) ? kinds::FindArray(object, {"spec", "finalizers"}) : nullptr;
  return spec != nullptr && !spec->empty();
}

void Mark(const kinds::Kind& kind, int64_t grace, json::Object& object) {
  json::Object& metadata = Child(object, "metadata");
  Set(metadata, "deletionTimestamp", json::Value(FormatNow(std::chrono::seconds(grace)).c_str()));
  Set(metadata, "deletionGracePeriodSeconds", grace);
  const int64_t generation = kinds::Integer(metadata, {"generation"});
  // Where a definition goes its objects are still what they were.
  if (generation > 0 && !IsDefinition(kind)) Set(metadata, "generation", generation + 1);
  if (IsNamespace(kind)) Set(Child(object, "status"), "phase", "Terminating");
}

}  // namespace

absl::StatusOr<Propagation> ReadPropagation(std::string_view policy) {
  if (policy.empty()) return Propagation::kAsIs;
  if (policy == "Background") return Propagation::kBackground;
  if (policy == "Foreground") return Propagation::kForeground;
  if (policy == "Orphan") return Propagation::kOrphan;
  return MakeStatus({422,
                     "Invalid",
                     Concat("DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: "
                            "Unsupported value: ",
                            api::ToJson(json::Value(json::ToBoost(policy))),
                            ": supported values: \"Foreground\", \"Background\", \"Orphan\", "
                            "\"nil\""),
                     {}});
}

absl::StatusOr<DeleteOptions> ReadDeleteOptions(const json::Object& document) {
  DeleteOptions options;
  if (kinds::Has(document, {"gracePeriodSeconds"})) {
    options.grace_seconds = kinds::Integer(document, {"gracePeriodSeconds"});
  }
  options.uid = Text(document, {"preconditions", "uid"});
  options.resource_version = Text(document, {"preconditions", "resourceVersion"});
  ASSIGN_OR_RETURN(options.propagation, ReadPropagation(Text(document, {"propagationPolicy"})));
  if (kinds::Has(document, {"orphanDependents"})) {
    if (options.propagation != Propagation::kAsIs) {
      return BadRequest("orphanDependents and propagationPolicy cannot be both set");
    }
    options.propagation = kinds::True(document, {"orphanDependents"}) ? Propagation::kOrphan
                                                                      : Propagation::kBackground;
  }
  if (const json::Array* dry_run = kinds::FindArray(document, {"dryRun"})) {
    for (const json::Value& one : *dry_run) options.dry_run |= kinds::Plain(one) == "All";
  }
  return options;
}

absl::Status CheckPreconditions(const kinds::Kind& kind, const DeleteOptions& options,
                                const json::Object& current) {
  const std::string_view name = Text(current, {"metadata", "name"});
  const std::string_view uid = Text(current, {"metadata", "uid"});
  const std::string_view version = Text(current, {"metadata", "resourceVersion"});
  if (!options.uid.empty() && options.uid != uid) {
    return Conflict(kind, name,
                    Concat("Precondition failed: UID in precondition: ", options.uid,
                           ", UID in object meta: ", uid));
  }
  if (!options.resource_version.empty() && options.resource_version != version) {
    return Conflict(
        kind, name,
        Concat("Precondition failed: ResourceVersion in precondition: ", options.resource_version,
               ", ResourceVersion in object meta: ", version));
  }
  return absl::OkStatus();
}

Deletion PlanDeletion(const kinds::Kind& kind, const DeleteOptions& options, json::Object current) {
  Deletion deletion{.object = std::move(current)};
  json::Object& object = deletion.object;
  const json::Array before = Finalizers(object);
  SetPropagation(options.propagation, object);
  const int64_t grace = GraceOf(kind, options, object);
  const bool marked = kinds::Has(object, {"metadata", "deletionTimestamp"});
  if (IsDefinition(kind) && !marked) kinds::AddCleanup(FormatNow(), object);
  if (grace == 0 && !IsHeld(kind, object)) return deletion;
  deletion.step = Deletion::Step::kMark;
  if (!marked) {
    Mark(kind, grace, object);
    return deletion;
  }
  // Marked already: a grace may only become shorter.
  const int64_t given = kinds::Integer(object, {"metadata", "deletionGracePeriodSeconds"});
  if (kind.graceful && grace < given) {
    Mark(kind, grace, object);
  } else if (before == Finalizers(object)) {
    deletion.step = Deletion::Step::kNothing;
  }
  return deletion;
}

bool MayGo(const kinds::Kind& kind, const json::Object& object) {
  return kinds::Has(object, {"metadata", "deletionTimestamp"}) &&
         kinds::Integer(object, {"metadata", "deletionGracePeriodSeconds"}) == 0 &&
         !IsHeld(kind, object);
}

}  // namespace kvplane::registry
