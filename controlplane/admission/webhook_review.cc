#include "admission/webhook_review.h"

#include <utility>
#include <vector>

#include "api/base64.h"
#include "api/canonical.h"
#include "api/json_equal.h"
#include "api/json_patch.h"
#include "api/schema.h"
#include "api/structural_document.h"
#include "apiserver/scale.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/conversion.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/identity.h"

namespace kvplane::admission {

namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::FromAbsl;
using kvshim::base::ToAbsl;
using registry::Attributes;
using registry::Operation;

constexpr std::string_view kApiVersion = "admission.k8s.io/v1";

json::Object KindDocument(std::string_view group_version, std::string_view kind) {
  return {{"group", json::ToBoost(kinds::GroupOf(group_version))},
          {"version", json::ToBoost(kinds::VersionOf(group_version))},
          {"kind", json::ToBoost(kind)}};
}

json::Object ResourceDocument(std::string_view group_version, std::string_view plural) {
  return {{"group", json::ToBoost(kinds::GroupOf(group_version))},
          {"version", json::ToBoost(kinds::VersionOf(group_version))},
          {"resource", json::ToBoost(plural)}};
}

json::Object OptionsDocument(const Attributes& attributes) {
  const std::string_view kind = attributes.operation == Operation::kCreate   ? "CreateOptions"
                                : attributes.operation == Operation::kUpdate ? "UpdateOptions"
                                                                             : "DeleteOptions";
  json::Object options{{"kind", json::ToBoost(kind)}, {"apiVersion", "meta.k8s.io/v1"}};
  if (attributes.dry_run) options["dryRun"] = json::Array{"All"};
  if (!attributes.manager.empty() && attributes.operation != Operation::kDelete) {
    options["fieldManager"] = json::ToBoost(attributes.manager);
  }
  return options;
}

bool IsScale(const Attributes& attributes) { return attributes.subresource == "scale"; }

bool IsConvertedElsewhere(const Attributes& attributes) {
  const auto& definition = attributes.kind->definition;
  return definition != nullptr && definition->converted_elsewhere();
}

absl::Status Convert(registry::Registry& registry, const Attributes& attributes,
                     const std::string& group_version, json::Object& object) {
  std::vector<json::Object> objects;
  objects.push_back(std::move(object));
  RETURN_IF_ERROR(registry.Convert(*attributes.kind->definition, group_version, objects));
  object = std::move(objects.front());
  return absl::OkStatus();
}

// An object in the version that is served, canonical.
absl::StatusOr<json::Object> Told(registry::Registry& registry, const Attributes& attributes,
                                  const Version& version, const json::Object& object) {
  if (IsScale(attributes)) return apiserver::ScaleOf(*attributes.kind, object);
  json::Object told = object;
  if (IsConvertedElsewhere(attributes)) {
    RETURN_IF_ERROR(Convert(registry, attributes, version.group_version, told));
    for (const auto& defined : attributes.kind->definition->versions()) {
      if (defined->group_version != version.group_version) continue;
      api::Prune(defined->schema, told);
      api::SetSchemaDefaults(defined->schema, told);
    }
    return told;
  }
  kinds::FromStored(*attributes.kind, version.group_version, told);
  if (version.message == nullptr) return told;
  ASSIGN_OR_RETURN(json::Value canonical,
                   api::Canonicalize(*version.message, json::Value(std::move(told))));
  return std::move(canonical.get_object());
}

absl::Status Invalid(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

}  // namespace

absl::StatusOr<json::Object> RequestDocument(registry::Registry& registry,
                                             const Attributes& attributes, const Version& version) {
  json::Object request;
  const bool own_kind = !attributes.document_kind.empty();
  const bool scale = IsScale(attributes);
  const std::string& plural = attributes.kind->plural;
  const std::string_view asked = AskedVersion(attributes);
  const auto kind_of = [&](std::string_view group_version) {
    if (own_kind) return KindDocument(attributes.document_group_version, attributes.document_kind);
    if (scale) return KindDocument("autoscaling/v1", "Scale");
    return KindDocument(group_version, attributes.kind->name);
  };
  request["kind"] = kind_of(version.group_version);
  request["resource"] = ResourceDocument(version.group_version, plural);
  const json::Value part = json::ToBoost(attributes.subresource);
  if (!attributes.subresource.empty()) request["subResource"] = part;
  request["requestKind"] = kind_of(asked);
  request["requestResource"] = ResourceDocument(asked, plural);
  if (!attributes.subresource.empty()) request["requestSubResource"] = part;
  if (!attributes.name.empty()) request["name"] = json::ToBoost(attributes.name);
  // A namespace is told as lying in itself.
  if (!attributes.name_space.empty()) {
    request["namespace"] = json::ToBoost(attributes.name_space);
  } else if (attributes.Is("", "namespaces")) {
    request["namespace"] = json::ToBoost(attributes.name);
  }
  request["operation"] = json::ToBoost(NameOf(attributes.operation));
  request["userInfo"] = UserDocument(attributes.user());
  request["object"] = nullptr;
  request["oldObject"] = nullptr;
  if (attributes.object() != nullptr) {
    if (own_kind) {
      request["object"] = *attributes.object();
    } else {
      ASSIGN_OR_RETURN(request["object"],
                       Told(registry, attributes, version, *attributes.object()));
    }
  }
  if (attributes.old != nullptr) {
    ASSIGN_OR_RETURN(request["oldObject"], Told(registry, attributes, version, *attributes.old));
  }
  request["dryRun"] = attributes.dry_run;
  request["options"] = attributes.operation == Operation::kConnect
                           ? json::Value(nullptr)
                           : json::Value(OptionsDocument(attributes));
  return request;
}

absl::StatusOr<Review> MakeReview(registry::Registry& registry, const Attributes& attributes,
                                  const Version& version) {
  Review review{.uid = registry::NewUid()};
  ASSIGN_OR_RETURN(const json::Object known, RequestDocument(registry, attributes, version));
  json::Object request{{"uid", json::ToBoost(review.uid)}};
  for (const auto& member : known) request.insert(member);
  if (const json::Object* object = kinds::FindObject(known, {"object"})) review.object = *object;
  review.body = api::ToJson(json::Object{{"kind", "AdmissionReview"},
                                         {"apiVersion", json::ToBoost(kApiVersion)},
                                         {"request", std::move(request)}});
  return review;
}

absl::StatusOr<ReviewAnswer> ReadAnswer(const Review& review, std::string_view body) {
  auto parsed = api::ParseJson(std::string(body));
  if (!parsed.ok() || !parsed->is_object()) {
    return Invalid("received invalid webhook response: the answer is no AdmissionReview");
  }
  const json::Object& document = parsed->get_object();
  if (Text(document, {"kind"}) != "AdmissionReview" ||
      Text(document, {"apiVersion"}) != kApiVersion) {
    return Invalid(
        Concat("received invalid webhook response: expected webhook response of "
               "admission.k8s.io/v1, Kind=AdmissionReview, got ",
               Text(document, {"apiVersion"}), ", Kind=", Text(document, {"kind"})));
  }
  const json::Object* response = kinds::FindObject(document, {"response"});
  if (response == nullptr) {
    return Invalid("received invalid webhook response: webhook response was absent");
  }
  if (Text(*response, {"uid"}) != review.uid) {
    return Invalid(Concat("received invalid webhook response: expected response.uid=\"", review.uid,
                          "\", got \"", Text(*response, {"uid"}), "\""));
  }
  ReviewAnswer answer{.allowed = kinds::True(*response, {"allowed"})};
  if (const json::Object* status = kinds::FindObject(*response, {"status"})) {
    answer.status = *status;
  }
  if (const json::Array* warnings = kinds::FindArray(*response, {"warnings"})) {
    for (const json::Value& one : *warnings) answer.warnings.push_back(kinds::Plain(one));
  }
  if (const json::Object* annotations = kinds::FindObject(*response, {"auditAnnotations"})) {
    for (const auto& [key, value] : *annotations) {
      answer.annotations.emplace(json::View(key), kinds::Plain(value));
    }
  }
  const std::string_view patch = Text(*response, {"patch"});
  const std::string_view type = Text(*response, {"patchType"});
  if (patch.empty()) {
    if (type.empty()) return answer;
    return Invalid(
        "received invalid webhook response: webhook returned response.patchType but not "
        "response.patch");
  }
  if (type != "JSONPatch") {
    return Invalid(type.empty() ? "received invalid webhook response: webhook returned "
                                  "response.patch but not response.patchType"
                                : Concat("received invalid webhook response: invalid "
                                         "response.patchType of \"",
                                         type, "\""));
  }
  const auto text = api::DecodeBase64(patch);
  if (!text.ok()) return Invalid("received invalid webhook response: response.patch is no base64");
  ASSIGN_OR_RETURN(answer.patch, api::ParseJson(*text));
  return answer;
}

absl::Status ApplyPatch(registry::Registry& registry, const Review& review,
                        const json::Value& patch, const Version& version, Attributes& attributes) {
  if (patch.is_array() && patch.get_array().empty()) return absl::OkStatus();
  auto patched = api::ApplyJsonPatch(json::Value(review.object), patch);
  if (!patched.ok()) return registry::InternalError(FromAbsl(patched.status().message()));
  if (!patched->is_object()) {
    return registry::InternalError("the patched document is no object");
  }
  return ReplaceObject(registry, review.object, std::move(patched->get_object()), version,
                       attributes);
}

absl::Status ReplaceObject(registry::Registry& registry, const json::Object& told,
                           json::Object object, const Version& version, Attributes& attributes) {
  if (IsScale(attributes)) {
    const int64_t replicas = kinds::Integer(object, {"spec", "replicas"});
    if (replicas != kinds::Integer(*attributes.object(), {"spec", "replicas"})) {
      kinds::Set(kinds::Child(attributes.Edit(), "spec"), "replicas", replicas);
    }
    return absl::OkStatus();
  }
  const bool own_kind = !attributes.document_kind.empty();
  const api::Message* message =
      own_kind ? api::Schema::Kubernetes().FindMessage(attributes.document_group_version,
                                                       attributes.document_kind)
               : version.message;
  if (message != nullptr) {
    auto canonical = api::Canonicalize(*message, json::Value(std::move(object)));
    if (!canonical.ok()) return registry::InternalError(FromAbsl(canonical.status().message()));
    object = std::move(canonical->get_object());
  }
  if (api::JsonEqual(json::Value(object), json::Value(told))) return absl::OkStatus();
  if (!own_kind && IsConvertedElsewhere(attributes)) {
    RETURN_IF_ERROR(Convert(registry, attributes, attributes.kind->group_version, object));
  } else if (!own_kind) {
    kinds::ToStored(*attributes.kind, version.group_version, object);
  }
  attributes.Edit() = std::move(object);
  return absl::OkStatus();
}

absl::Status Denied(std::string_view webhook, const json::Object& status) {
  registry::Failure failure;
  failure.code = static_cast<int>(kinds::Integer(status, {"code"}));
  if (failure.code < 400) failure.code = 400;
  failure.reason = Text(status, {"reason"});
  const std::string_view message = Text(status, {"message"});
  const std::string why = !message.empty()          ? Concat(": ", message)
                          : !failure.reason.empty() ? Concat(": ", failure.reason)
                                                    : std::string(" without explanation");
  failure.message = Concat("admission webhook \"", webhook, "\" denied the request", why);
  if (const json::Object* details = kinds::FindObject(status, {"details"})) {
    failure.details = *details;
  }
  return registry::MakeStatus(failure);
}

}  // namespace kvplane::admission
