#include "registry/ownership.h"

#include <utility>

#include "api/field_ownership.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "registry/failure.h"
#include "registry/identity.h"

namespace kvplane::registry {

namespace {

api::FieldOwnershipOptions OptionsOf(const kinds::Kind& kind, std::string_view manager,
                                     std::string_view part) {
  api::FieldOwnershipOptions options;
  options.manager = manager;
  options.now = FormatNow();
  options.subresource = part;
  if (part.empty() && kind.has_status) options.ignored = api::FieldSet({{"status"}});
  if (part == "status") options.ignored = api::FieldSet({{"spec"}});
  return options;
}

api::FieldOwnership FieldsOf(const kinds::Kind& kind) {
  if (kind.definition == nullptr) return {*kind.message, kind.group_version};
  return {kind.version->schema, kind.name, kind.version->group_version};
}

absl::Status Conflicting(const api::ApplyResult& result) {
  json::Array causes;
  for (const api::FieldConflict& one : result.conflicts) {
    causes.push_back(json::Object{{"reason", "FieldManagerConflict"},
                                  {"message", "conflict with " + one.manager},
                                  {"field", one.field}});
  }
  json::Object details;
  details["causes"] = std::move(causes);
  return MakeStatus({409, "Conflict", result.ConflictMessage(), std::move(details)});
}

}  // namespace

void TrackOwners(const kinds::Kind& kind, const json::Object* current, std::string_view manager,
                 std::string_view part, json::Object& object) {
  const api::FieldOwnership fields = FieldsOf(kind);
  object = fields.Update(current == nullptr ? fields.Nothing() : *current, std::move(object),
                         OptionsOf(kind, manager, part));
}

absl::StatusOr<json::Object> ApplyConfiguration(const kinds::Kind& kind,
                                                const json::Object* current,
                                                const json::Object& configuration,
                                                std::string_view manager, std::string_view part,
                                                bool force) {
  const api::FieldOwnership fields = FieldsOf(kind);
  api::FieldOwnershipOptions options = OptionsOf(kind, manager, part);
  options.force = force;
  auto result =
      fields.Apply(current == nullptr ? fields.Nothing() : *current, configuration, options);
  if (!result.ok()) return BadRequest(kvshim::base::FromAbsl(result.status().message()));
  if (!result->conflicts.empty()) return Conflicting(*result);
  return std::move(result->object);
}

}  // namespace kvplane::registry
