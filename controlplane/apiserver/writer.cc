#include "apiserver/writer.h"

#include <string>
#include <utility>
#include <vector>

#include "apiserver/body.h"
#include "apiserver/conversion.h"
#include "apiserver/patch.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/conversion.h"
#include "kinds/definition_validation.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/ownership.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

constexpr size_t kLongestManager = 128;
constexpr std::string_view kApplyType = "application/apply-patch+yaml";

absl::StatusOr<registry::UpdateOptions> OptionsOf(Call& call) {
  registry::UpdateOptions options;
  options.requester = call.requester();
  ASSIGN_OR_RETURN(options.dry_run, ReadDryRun(call));
  options.manager = ManagerOf(call);
  options.part = call.target.subresource;
  return options;
}

absl::Status CheckName(const Call& call, const json::Object& object) {
  const std::string_view name = kinds::Text(object, {"metadata", "name"});
  if (name == call.target.name) return absl::OkStatus();
  if (name.empty()) return registry::BadRequest("name must be provided");
  return registry::BadRequest(Concat("the name of the object (", name,
                                     ") does not match the name on the URL (", call.target.name,
                                     ")"));
}

// What a client should know of what it writes, but for its faults.
void AddWarnings(Call& call, const json::Object& object) {
  if (call.kind().group != "apiextensions.k8s.io" || !call.target.subresource.empty()) return;
  for (std::string& warning : kinds::WarningsOf(object)) {
    call.warnings.push_back(std::move(warning));
  }
}

// A signing request tells who made it, whatever the client wrote there.
void NameRequester(const Call& call, json::Object& object) {
  if (call.kind().plural != "certificatesigningrequests") return;
  const User& user = call.request.user;
  json::Object& spec = kinds::Child(object, "spec");
  for (const std::string_view name : {"username", "uid", "groups", "extra"}) {
    kinds::Remove(spec, name);
  }
  if (!user.name.empty()) spec["username"] = json::ToBoost(user.name);
  if (!user.uid.empty()) spec["uid"] = json::ToBoost(user.uid);
  const auto list = [](const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts) array.emplace_back(json::ToBoost(text));
    return array;
  };
  if (!user.groups.empty()) spec["groups"] = list(user.groups);
  for (const auto& [name, values] : user.extra) {
    kinds::Child(spec, "extra")[json::ToBoost(name)] = list(values);
  }
}

// Who owns which fields is told in the version of the call: where a webhook converts, before it
// does. `current` is null for a new object.
absl::Status TrackOwnVersion(const Call& call, const json::Object* current,
                             const registry::UpdateOptions& options, json::Object& object) {
  if (!IsConverted(call)) return absl::OkStatus();
  RETURN_IF_ERROR(CompleteOwnVersion(call, object));
  json::Object before;
  if (current != nullptr) {
    before = *current;
    RETURN_IF_ERROR(ConvertFromStored(call, before));
  }
  registry::TrackOwners(call.kind(), current == nullptr ? nullptr : &before, options.manager,
                        options.part, object);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> ReadDryRun(const Call& call) {
  bool dry_run = false;
  for (const auto& [name, value] : call.request.query) {
    if (name != "dryRun" || value.empty()) continue;
    if (value != "All") {
      return registry::MakeStatus({422,
                                   "Invalid",
                                   Concat(" \"\" is invalid: dryRun: Unsupported value: \"", value,
                                          "\": supported values: \"All\""),
                                   {}});
    }
    dry_run = true;
  }
  return dry_run;
}

std::string ManagerOf(const Call& call) {
  std::string_view manager = call.Query("fieldManager");
  if (manager.empty()) {
    manager = call.request.Header("user-agent");
    manager = manager.substr(0, manager.find('/'));
  }
  return manager.empty() ? "unknown" : std::string(manager.substr(0, kLongestManager));
}

absl::StatusOr<Answer> Writer::Create(Call& call) {
  ASSIGN_OR_RETURN(json::Object object, ReadObject(call));
  AddWarnings(call, object);
  ASSIGN_OR_RETURN(registry::UpdateOptions options, OptionsOf(call));
  options.applied = IsConverted(call);
  RETURN_IF_ERROR(TrackOwnVersion(call, nullptr, options, object));
  RETURN_IF_ERROR(ConvertToStored(call, object));
  NameRequester(call, object);
  ASSIGN_OR_RETURN(object, registry_.Create(call.stored_kind(), call.target.name_space,
                                            std::move(object), options));
  return AnswerObject(call, std::move(object), 201);
}

absl::StatusOr<Answer> Writer::Update(Call& call) {
  ASSIGN_OR_RETURN(json::Object object, ReadObject(call));
  AddWarnings(call, object);
  ASSIGN_OR_RETURN(registry::UpdateOptions options, OptionsOf(call));
  RETURN_IF_ERROR(CheckName(call, object));
  if (!IsConverted(call)) RETURN_IF_ERROR(ConvertToStored(call, object));
  options.applied = IsConverted(call);
  options.create_missing = call.kind().creates_on_update && options.part.empty();
  ASSIGN_OR_RETURN(registry::Updated updated,
                   registry_.Update(
                       call.stored_kind(), call.target.name_space, call.target.name,
                       [&](const json::Object& current) -> absl::StatusOr<json::Object> {
                         if (!IsConverted(call)) return object;
                         json::Object converted = object;
                         RETURN_IF_ERROR(TrackOwnVersion(call, &current, options, converted));
                         RETURN_IF_ERROR(ConvertToStored(call, converted));
                         return converted;
                       },
                       options));
  return AnswerObject(call, std::move(updated.object), updated.created ? 201 : 200);
}

absl::StatusOr<Answer> Writer::Patch(Call& call) {
  if (MediaType(call.request.Header("content-type")) == kApplyType) return Apply(call);
  ASSIGN_OR_RETURN(const DocumentPatch patch,
                   DocumentPatch::Read(call.request.Header("content-type"), call.request.body,
                                       call.served->resource->message));
  ASSIGN_OR_RETURN(registry::UpdateOptions options, OptionsOf(call));
  options.applied = IsConverted(call);
  const std::string_view group_version = call.group_version();
  const std::string_view kind = call.served->resource->kind;
  const std::vector<std::string> warnings = call.warnings;  // before it is tried
  const auto change = [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    json::Object document = current;
    RETURN_IF_ERROR(ConvertFromStored(call, document));
    kinds::FromStored(call.kind(), group_version, document);
    ASSIGN_OR_RETURN(document, patch.Apply(document));
    call.warnings = warnings;
    RETURN_IF_ERROR(CheckFields(call, group_version, kind, api::ToJson(json::Value(document))));
    ASSIGN_OR_RETURN(document, MakeTyped(group_version, kind, std::move(document)));
    AddWarnings(call, document);
    RETURN_IF_ERROR(TrackOwnVersion(call, &current, options, document));
    RETURN_IF_ERROR(ConvertToStored(call, document));
    return document;
  };
  ASSIGN_OR_RETURN(registry::Updated updated,
                   registry_.Update(call.stored_kind(), call.target.name_space, call.target.name,
                                    change, options));
  return AnswerObject(call, std::move(updated.object));
}

absl::StatusOr<Answer> Writer::Apply(Call& call) {
  if (call.Query("fieldManager").empty()) {
    return registry::MakeStatus(
        {422,
         "Invalid",
         "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
         "apply patch",
         {}});
  }
  ASSIGN_OR_RETURN(json::Object configuration, ReadConfiguration(call));
  AddWarnings(call, configuration);
  kinds::Set(kinds::Child(configuration, "metadata"), "name",
             json::Value(json::ToBoost(call.target.name)));
  // Where a webhook converts, what is applied meets the object in the version of the call: a part
  // of an object is nothing that a webhook could convert.
  if (call.converter == nullptr) {
    kinds::ToStored(call.kind(), call.group_version(), configuration);
  }
  ASSIGN_OR_RETURN(registry::UpdateOptions options, OptionsOf(call));
  options.create_missing = options.part.empty();
  options.applied = true;
  const bool force = call.QueryTrue("force");
  const auto change = [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    const bool exists = !kinds::Text(current, {"metadata", "uid"}).empty();
    json::Object document = current;
    if (exists) RETURN_IF_ERROR(ConvertFromStored(call, document));
    ASSIGN_OR_RETURN(document, registry::ApplyConfiguration(
                                   call.kind(), exists ? &document : nullptr, configuration,
                                   options.manager, options.part, force));
    if (call.converter != nullptr) RETURN_IF_ERROR(ConvertToStored(call, document));
    return document;
  };
  ASSIGN_OR_RETURN(registry::Updated updated,
                   registry_.Update(call.stored_kind(), call.target.name_space, call.target.name,
                                    change, options));
  return AnswerObject(call, std::move(updated.object), updated.created ? 201 : 200);
}

}  // namespace kvplane::apiserver
