// MutatingAdmissionPolicy: policies whose expressions change objects before webhooks do, by a JSON
// patch or a configuration that is applied; each sees what those before it made.
#include <string>
#include <utility>
#include <vector>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "admission/policies.h"
#include "admission/subject.h"
#include "admission/webhook_review.h"
#include "api/typed_document.h"
#include "base/status.h"
#include "base/strings.h"
#include "cel/document.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

using kvshim::base::Concat;
using kvshim::base::FromAbsl;

// What is told of a policy that could not be followed.
absl::Status Refused(const Attributes& attributes, const Policy& policy,
                     const PolicyBinding& binding, std::string_view why) {
  registry::Failure failure = registry::FailureOf(registry::Refuse(attributes, why));
  failure.message = Concat("policy '", policy.name(), "' with binding '", binding.name,
                           "' denied request: ", why);
  failure.details["causes"] =
      json::Array{json::Object{{"message", json::ToBoost(failure.message)}}};
  return registry::MakeStatus(failure);
}

std::optional<api::MergeType> TypeOf(const Attributes& attributes, const Version& version) {
  if (attributes.kind->version != nullptr) {
    return api::MergeType::Of(attributes.kind->version->schema);
  }
  if (version.message == nullptr) return std::nullopt;
  return api::MergeType::Of(*version.message);
}

// The places of what would be replaced as a whole, without what the configuration does not name.
void FindAtomic(const api::MergeType& type, const json::Value& value, const std::string& path,
                std::vector<std::string>& found) {
  const api::MergeType::Kind kind = type.KindOf(value);
  if (kind == api::MergeType::Kind::kScalar) return;
  if (type.atomic(kind)) found.push_back(path);
  if (const json::Object* object = value.if_object()) {
    for (const auto& member : *object) {
      const std::string_view name = json::View(member.key());
      FindAtomic(type.Member(name), member.value(), Concat(path, ".", name), found);
    }
  } else if (const json::Array* array = value.if_array()) {
    for (size_t i = 0; i < array->size(); ++i) {
      FindAtomic(type.Element(), (*array)[i], Concat(path, "[", i, "]"), found);
    }
  }
}

// The configuration, merged into the object as server-side apply merges it.
absl::StatusOr<json::Object> Applied(const api::MergeType& type, const json::Object& object,
                                     json::Value configuration) {
  if (!configuration.is_object()) {
    return absl::InvalidArgumentError("the configuration is no object");
  }
  for (const std::string_view name : {"apiVersion", "kind"}) {
    kinds::Set(configuration.get_object(), name, *json::Find(object, name));
  }
  RETURN_IF_ERROR(api::CheckTyped(type, configuration));
  std::vector<std::string> atomic;
  FindAtomic(type, configuration, "", atomic);
  if (!atomic.empty()) {
    return absl::InvalidArgumentError(kvshim::base::ToAbsl(
        Concat("error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, "
               "maps or structs: ",
               kvshim::base::Join(atomic, ", "))));
  }
  ASSIGN_OR_RETURN(json::Value merged, api::MergeTyped(type, json::Value(object), configuration));
  return std::move(merged.get_object());
}

class MutatingPolicies : public Plugin {
 public:
  MutatingPolicies(registry::Registry& registry, const apiserver::Authorizer& authorizer)
      : registry_(registry),
        authorizer_(authorizer),
        policies_(registry, "mutatingadmissionpolicies", "mutatingadmissionpolicybindings") {}

  bool Handles(const Attributes& attributes) const override {
    return !IsPolicy(attributes) && policies_.Any();
  }

  absl::Status Mutate(Attributes& attributes) override {
    if (attributes.object() == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Policies::List all, policies_.All());
    ASSIGN_OR_RETURN(const auto labels, NamespaceLabelsOf(registry_, attributes));
    const json::Object* of_namespace = labels ? &*labels : nullptr;
    for (const Policies::Bound& bound : *all) {
      // A second time only where somebody changed the object, and the policy wants to see it.
      if (attributes.reinvocation.under_way && !bound.policy->reinvoked()) continue;
      const auto version = bound.policy->match().Match(attributes, of_namespace);
      if (!version) continue;
      for (const auto& binding : bound.bindings) {
        if (!binding->match.Match(attributes, of_namespace)) continue;
        const absl::Status followed = Follow(*bound.policy, *binding, *version, attributes);
        if (followed.ok() || bound.policy->fails_open()) continue;
        return Refused(attributes, *bound.policy, *binding, FromAbsl(followed.message()));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Follow(const Policy& policy, const PolicyBinding& binding, const Version& version,
                      Attributes& attributes) {
    ASSIGN_OR_RETURN(const PolicyParams params, ParamsFor(registry_, attributes, policy, binding));
    for (const std::optional<json::Object>& param : params) {
      bool first = true;
      for (const PolicyMutation& mutation : policy.mutations()) {
        // The object is another after each change.
        ASSIGN_OR_RETURN(const auto subject,
                         Subject::Make(registry_, attributes, version, authorizer_));
        RETURN_IF_ERROR(SetNamespace(registry_, attributes, *subject));
        kinds::AdmissionInput input = subject->input();
        if (param) input.params = cel::FromJson(*param, cel::SimpleType(cel::Type::Kind::kDyn));
        if (std::exchange(first, false)) {
          ASSIGN_OR_RETURN(const bool meets, policy.MeetsConditions(input));
          if (!meets) break;
        }
        ASSIGN_OR_RETURN(json::Value made, policy.Make(mutation, std::move(input)));
        RETURN_IF_ERROR(Change(*subject, mutation, std::move(made), version, attributes));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Change(const Subject& subject, const PolicyMutation& mutation, json::Value made,
                      const Version& version, Attributes& attributes) {
    if (mutation.is_patch) {
      return ApplyPatch(registry_, {.uid = {}, .body = {}, .object = *subject.object()}, made,
                        version, attributes);
    }
    const auto type = TypeOf(attributes, version);
    if (!type) return absl::InvalidArgumentError("nothing is known of the object's type");
    ASSIGN_OR_RETURN(json::Object object, Applied(*type, *subject.object(), std::move(made)));
    return ReplaceObject(registry_, *subject.object(), std::move(object), version, attributes);
  }

  registry::Registry& registry_;
  const apiserver::Authorizer& authorizer_;
  mutable Policies policies_;
};

}  // namespace

std::unique_ptr<Plugin> MakeMutatingPolicies(registry::Registry& registry,
                                             const apiserver::Authorizer& authorizer) {
  return std::make_unique<MutatingPolicies>(registry, authorizer);
}

}  // namespace kvplane::admission
