#include "apiserver/pod_actions.h"

#include <string>
#include <utility>
#include <vector>

#include "api/label_selector.h"
#include "apiserver/body.h"
#include "apiserver/writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/identity.h"
#include "registry/stored_form.h"

namespace kvplane::apiserver {

namespace {

using kinds::Text;
using kvshim::base::Concat;

const kinds::Kind& Pods() { return *kinds::Kinds::BuiltIn().Find("v1", "pods")->kind; }
const kinds::Kind& Budgets() {
  return *kinds::Kinds::BuiltIn().Find("policy/v1", "poddisruptionbudgets")->kind;
}

json::Object Success(int code) {
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", json::Object()},
          {"status", "Success"},
          {"code", code}};
}

void SetCondition(json::Object& status, json::Object condition) {
  json::Value& list = status["conditions"];
  if (!list.is_array()) list = json::Array();
  for (json::Value& one : list.get_array()) {
    if (Text(one.as_object(), {"type"}) == Text(condition, {"type"})) {
      one = std::move(condition);
      return;
    }
  }
  list.get_array().push_back(std::move(condition));
}

absl::Status TooManyRequests(const json::Object& budget) {
  const std::string name(Text(budget, {"metadata", "name"}));
  json::Object details;
  details["causes"] = json::Array{json::Object{
      {"reason", "DisruptionBudget"},
      {"message",
       Concat("The disruption budget ", name, " needs ",
              kinds::Integer(budget, {"status", "desiredHealthy"}), " healthy pods and has ",
              kinds::Integer(budget, {"status", "currentHealthy"}), " currently")}}};
  return registry::MakeStatus({429, "TooManyRequests",
                               "Cannot evict pod as it would violate the pod's disruption budget.",
                               std::move(details)});
}

// One that does not run, or not yet, is not missed.
bool Counts(const json::Object& pod) {
  const std::string_view phase = Text(pod, {"status", "phase"});
  return phase != "Succeeded" && phase != "Failed" && phase != "Pending" &&
         !kinds::Has(pod, {"metadata", "deletionTimestamp"});
}

}  // namespace

absl::Status PodActions::AdmitDocument(Call& call, std::string_view subresource,
                                       std::string_view pod, bool dry_run, json::Object& document) {
  registry::Attributes attributes;
  attributes.kind = &Pods();
  attributes.subresource = subresource;
  attributes.name_space = call.target.name_space;
  attributes.name = pod;
  attributes.requester = call.requester();
  attributes.requester.group_version = "v1";
  attributes.dry_run = dry_run;
  const std::string version(Text(document, {"apiVersion"}));
  const std::string kind(Text(document, {"kind"}));
  attributes.document_group_version = version;
  attributes.document_kind = kind;
  attributes.SetObject(&document);
  return registry_.Admit(attributes);
}

absl::StatusOr<Answer> PodActions::Bind(Call& call) {
  ASSIGN_OR_RETURN(json::Object binding, ReadObject(call, "v1", "Binding"));
  const std::string name(call.target.subresource.empty() ? Text(binding, {"metadata", "name"})
                                                         : call.target.name);
  registry::UpdateOptions options;
  ASSIGN_OR_RETURN(options.dry_run, ReadDryRun(call));
  options.manager = ManagerOf(call);
  options.part = "binding";
  options.requester = call.requester();
  RETURN_IF_ERROR(AdmitDocument(call, "binding", name, options.dry_run, binding));
  options.requester.admitted = true;
  const std::string node(Text(binding, {"target", "name"}));
  if (node.empty()) {
    return registry::Invalid(Pods(), name, {kinds::Required("target.name", "")});
  }
  const auto change = [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    const std::string_view bound = Text(current, {"spec", "nodeName"});
    if (!bound.empty()) {
      return registry::Conflict(
          Pods(), name, Concat("pod ", name, " is already assigned to node \"", bound, "\""));
    }
    json::Object pod = current;
    kinds::Set(kinds::Child(pod, "spec"), "nodeName", json::Value(node.c_str()));
    SetCondition(kinds::Child(pod, "status"), {{"type", "PodScheduled"},
                                               {"status", "True"},
                                               {"lastProbeTime", nullptr},
                                               {"lastTransitionTime", registry::FormatNow()}});
    return pod;
  };
  RETURN_IF_ERROR(registry_.Update(Pods(), call.target.name_space, name, change, options).status());
  return AnswerDocument(call, Success(201), 201);
}

absl::Status PodActions::TakeFromBudget(const json::Object& pod, const json::Object& budget,
                                        bool dry_run) {
  const auto change = [&](const json::Object& current) -> absl::StatusOr<json::Object> {
    const int64_t allowed = kinds::Integer(current, {"status", "disruptionsAllowed"});
    if (allowed <= 0) return TooManyRequests(current);
    json::Object after = current;
    json::Object& status = kinds::Child(after, "status");
    kinds::Set(status, "disruptionsAllowed", allowed - 1);
    kinds::Set(kinds::Child(status, "disruptedPods"), Text(pod, {"metadata", "name"}),
               json::Value(registry::FormatNow().c_str()));
    return after;
  };
  registry::UpdateOptions options;
  options.part = "status";
  options.dry_run = dry_run;
  options.requester.admitted = true;
  return registry_
      .Update(Budgets(), Text(budget, {"metadata", "namespace"}),
              Text(budget, {"metadata", "name"}), change, options)
      .status();
}

absl::Status PodActions::TakeFromBudgets(const json::Object& pod, bool dry_run) {
  if (!Counts(pod)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t revision, registry_.CurrentRevision());
  const std::string prefix = registry::PrefixOf(Budgets(), Text(pod, {"metadata", "namespace"}));
  ASSIGN_OR_RETURN(const auto snapshot, registry_.CacheOf(Budgets()).List(prefix, revision));
  static const json::Object kNone;
  const json::Object* labels = kinds::FindObject(pod, {"metadata", "labels"});
  std::vector<json::Object> matching;
  for (const auto& object : snapshot.objects) {
    json::Object budget = object->Parse();
    const json::Value* given = kinds::Find(budget, {"spec", "selector"});
    if (given == nullptr) continue;
    ASSIGN_OR_RETURN(const api::LabelSelector selector, api::LabelSelector::FromJson(*given));
    if (selector.Matches(labels == nullptr ? kNone : *labels)) {
      matching.push_back(std::move(budget));
    }
  }
  if (matching.size() > 1) {
    return registry::InternalError(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
        "support.");
  }
  return matching.empty() ? absl::OkStatus() : TakeFromBudget(pod, matching[0], dry_run);
}

absl::StatusOr<Answer> PodActions::Evict(Call& call) {
  ASSIGN_OR_RETURN(json::Object eviction, ReadObject(call, "policy/v1", "Eviction"));
  ASSIGN_OR_RETURN(const bool dry_run, ReadDryRun(call));
  RETURN_IF_ERROR(AdmitDocument(call, "eviction", call.target.name, dry_run, eviction));
  static const json::Object kNone;
  const json::Object* given = kinds::FindObject(eviction, {"deleteOptions"});
  ASSIGN_OR_RETURN(registry::DeleteOptions options,
                   registry::ReadDeleteOptions(given == nullptr ? kNone : *given));
  options.dry_run |= dry_run;
  options.requester = call.requester();
  options.requester.admitted = true;
  ASSIGN_OR_RETURN(const json::Object pod,
                   registry_.Get(Pods(), call.target.name_space, call.target.name));
  RETURN_IF_ERROR(TakeFromBudgets(pod, options.dry_run));
  RETURN_IF_ERROR(
      registry_.Delete(Pods(), call.target.name_space, call.target.name, options).status());
  return AnswerDocument(call, Success(201), 201);
}

}  // namespace kvplane::apiserver
