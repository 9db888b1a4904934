#include "apiserver/scale.h"

#include <string>
#include <utility>

#include "apiserver/body.h"
#include "apiserver/conversion.h"
#include "apiserver/patch.h"
#include "apiserver/writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

constexpr std::string_view kGroupVersion = "autoscaling/v1";
constexpr std::string_view kKind = "Scale";

const kinds::ScalePaths& PathsOf(const kinds::Kind& kind) {
  static const kinds::ScalePaths built_in;
  return kind.definition == nullptr ? built_in : kind.version->scale;
}

int64_t ReplicasAt(const json::Object& object, const std::vector<std::string>& path) {
  const json::Value* found = kinds::FindPath(object, path);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

std::string TextAt(const json::Object& object, const std::vector<std::string>& path) {
  const json::Value* found = kinds::FindPath(object, path);
  return found == nullptr ? std::string() : kinds::Plain(*found);
}

// A selector as text, of either form: a map of labels, or a LabelSelector.
std::string SelectorText(const json::Object& object) {
  const json::Object* selector = kinds::FindObject(object, {"spec", "selector"});
  if (selector == nullptr) return {};
  const bool labels = kinds::FindObject(*selector, {"matchLabels"}) == nullptr &&
                      kinds::FindArray(*selector, {"matchExpressions"}) == nullptr;
  const json::Value text = labels ? kinds::LabelsCell(selector) : kinds::SelectorCell(selector);
  return text == "<none>" ? std::string() : kinds::Plain(text);
}

// The object with the replicas of a Scale.
absl::StatusOr<json::Object> WithScale(const Call& call, json::Object object,
                                       const json::Object& scale) {
  const std::string_view version = kinds::Text(scale, {"metadata", "resourceVersion"});
  if (!version.empty() && version != kinds::Text(object, {"metadata", "resourceVersion"})) {
    return registry::Stale(call.kind(), call.target.name);
  }
  const int64_t replicas = kinds::Integer(scale, {"spec", "replicas"});
  if (replicas < 0) {
    return registry::Invalid(
        call.kind(), call.target.name,
        {kinds::Invalid("spec.replicas", replicas, "must be greater than or equal to 0")});
  }
  json::Object* at = &object;
  const auto& path = PathsOf(call.kind()).spec_replicas;
  for (size_t i = 0; i + 1 < path.size(); ++i) at = &kinds::Child(*at, path[i]);
  kinds::Set(*at, path.back(), replicas);
  return object;
}

}  // namespace

json::Object ScaleOf(const kinds::Kind& kind, const json::Object& object) {
  const kinds::ScalePaths& paths = PathsOf(kind);
  json::Object metadata;
  for (const std::string_view name :
       {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const json::Value* value = kinds::Find(object, {"metadata", name})) {
      kinds::Set(metadata, name, *value);
    }
  }
  json::Object status{{"replicas", ReplicasAt(object, paths.status_replicas)}};
  const std::string selector =
      kind.definition == nullptr ? SelectorText(object) : TextAt(object, paths.selector);
  if (!selector.empty()) {
    status["selector"] = selector;
  }
  return {{"kind", json::ToBoost(kKind)},
          {"apiVersion", json::ToBoost(kGroupVersion)},
          {"metadata", std::move(metadata)},
          {"spec", json::Object{{"replicas", ReplicasAt(object, paths.spec_replicas)}}},
          {"status", std::move(status)}};
}

absl::StatusOr<Answer> Scale::Get(const Call& call) {
  ASSIGN_OR_RETURN(json::Object object,
                   registry_.Get(call.stored_kind(), call.target.name_space, call.target.name));
  RETURN_IF_ERROR(ConvertFromStored(call, object));
  return AnswerDocument(call, ScaleOf(call.kind(), object));
}

absl::StatusOr<Answer> Scale::Update(Call& call) {
  ASSIGN_OR_RETURN(const json::Object scale, ReadObject(call, kGroupVersion, kKind));
  return Write(call, [&](const json::Object& current) { return WithScale(call, current, scale); });
}

absl::StatusOr<Answer> Scale::Patch(Call& call) {
  const api::Message* message = api::Schema::Kubernetes().FindMessage(kGroupVersion, kKind);
  ASSIGN_OR_RETURN(
      const DocumentPatch patch,
      DocumentPatch::Read(call.request.Header("content-type"), call.request.body, message));
  return Write(call, [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    ASSIGN_OR_RETURN(json::Object scale, patch.Apply(ScaleOf(call.kind(), current)));
    ASSIGN_OR_RETURN(scale, MakeTyped(kGroupVersion, kKind, std::move(scale)));
    return WithScale(call, current, scale);
  });
}

absl::StatusOr<Answer> Scale::Write(Call& call, const registry::Change& change) {
  registry::UpdateOptions options;
  options.requester = call.requester();
  options.part = "scale";
  ASSIGN_OR_RETURN(options.dry_run, ReadDryRun(call));
  options.manager = ManagerOf(call);
  // The paths of a scale are those of the call's version.
  const auto converted = [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    json::Object object = current;
    RETURN_IF_ERROR(ConvertFromStored(call, object));
    ASSIGN_OR_RETURN(object, change(object));
    if (call.converter != nullptr) RETURN_IF_ERROR(ConvertToStored(call, object));
    return object;
  };
  ASSIGN_OR_RETURN(registry::Updated updated,
                   registry_.Update(call.stored_kind(), call.target.name_space, call.target.name,
                                    converted, options));
  RETURN_IF_ERROR(ConvertFromStored(call, updated.object));
  return AnswerDocument(call, ScaleOf(call.kind(), updated.object));
}

}  // namespace kvplane::apiserver
