#include "apiserver/scale.h"

#include <string>
#include <utility>

#include "apiserver/body.h"
#include "apiserver/patch.h"
#include "apiserver/writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

constexpr std::string_view kGroupVersion = "autoscaling/v1";
constexpr std::string_view kKind = "Scale";

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
  kinds::Set(kinds::Child(object, "spec"), "replicas", replicas);
  return object;
}

}  // namespace

json::Object ScaleOf(const json::Object& object) {
  json::Object metadata;
  for (const std::string_view name :
       {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const json::Value* value = kinds::Find(object, {"metadata", name})) {
      kinds::Set(metadata, name, *value);
    }
  }
  json::Object status{{"replicas", kinds::Integer(object, {"status", "replicas"})}};
  if (const std::string selector = SelectorText(object); !selector.empty()) {
    status["selector"] = selector;
  }
  return {{"kind", json::ToBoost(kKind)},
          {"apiVersion", json::ToBoost(kGroupVersion)},
          {"metadata", std::move(metadata)},
          {"spec", json::Object{{"replicas", kinds::Integer(object, {"spec", "replicas"})}}},
          {"status", std::move(status)}};
}

absl::StatusOr<Answer> Scale::Get(const Call& call) {
  ASSIGN_OR_RETURN(const json::Object object,
                   registry_.Get(call.kind(), call.target.name_space, call.target.name));
  return AnswerDocument(call, ScaleOf(object));
}

absl::StatusOr<Answer> Scale::Update(Call& call) {
  ASSIGN_OR_RETURN(const json::Object scale, ReadObject(call, kGroupVersion, kKind));
  return Write(call, [&](const json::Object& current) { return WithScale(call, current, scale); });
}

absl::StatusOr<Answer> Scale::Patch(Call& call) {
  ASSIGN_OR_RETURN(const DocumentPatch patch,
                   DocumentPatch::Read(call.request.Header("content-type"), call.request.body));
  const api::Message* message = api::Schema::Kubernetes().FindMessage(kGroupVersion, kKind);
  return Write(call, [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    ASSIGN_OR_RETURN(json::Object scale, patch.Apply(message, ScaleOf(current)));
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
  ASSIGN_OR_RETURN(
      const registry::Updated updated,
      registry_.Update(call.kind(), call.target.name_space, call.target.name, change, options));
  return AnswerDocument(call, ScaleOf(updated.object));
}

}  // namespace kvplane::apiserver
