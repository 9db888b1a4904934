#include "kinds/definition_status.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "kinds/definition_validation.h"
#include "kinds/field_error.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

// Whether a name may be had, of those that others have: "" where it may, what is wrong otherwise.
std::string Refusal(const std::string& wanted, const std::string& accepted,
                    const std::set<std::string, std::less<>>& in_use) {
  if (wanted == accepted || !in_use.contains(wanted)) return {};
  return Concat(api::ToJson(json::Value(json::ToBoost(wanted))), " is already in use");
}

struct Verdict {
  std::string reason;
  std::string message;
};

std::string RefusalOfShortNames(const DefinedNames& wanted, const DefinedNames& accepted,
                                const std::set<std::string, std::less<>>& in_use) {
  std::vector<std::string> refused;
  const auto& own = accepted.short_names;
  for (const std::string& name : wanted.short_names) {
    if (std::find(own.begin(), own.end(), name) != own.end()) continue;
    if (std::string why = Refusal(name, "", in_use); !why.empty()) refused.push_back(why);
  }
  if (refused.size() <= 1) return refused.empty() ? std::string() : refused[0];
  std::string out = "[";
  for (size_t i = 0; i < refused.size(); ++i) out.append(i == 0 ? "" : ", ").append(refused[i]);
  return out + "]";
}

// Takes over each wanted name that is free; what is left says why the last was not.
Verdict Accept(const DefinedNames& wanted, const NamesInUse& in_use, DefinedNames& accepted) {
  Verdict verdict;
  const DefinedNames before = accepted;
  const auto judge = [&](std::string_view reason, std::string why, const auto& take) {
    if (why.empty()) {
      take();
    } else {
      verdict = {std::string(reason), std::move(why)};
    }
  };
  judge("PluralConflict", Refusal(wanted.plural, before.plural, in_use.resources),
        [&] { accepted.plural = wanted.plural; });
  judge("SingularConflict", Refusal(wanted.singular, before.singular, in_use.resources),
        [&] { accepted.singular = wanted.singular; });
  judge("ShortNamesConflict", RefusalOfShortNames(wanted, before, in_use.resources),
        [&] { accepted.short_names = wanted.short_names; });
  judge("KindConflict", Refusal(wanted.kind, before.kind, in_use.kinds),
        [&] { accepted.kind = wanted.kind; });
  judge("ListKindConflict", Refusal(wanted.list_kind, before.list_kind, in_use.kinds),
        [&] { accepted.list_kind = wanted.list_kind; });
  accepted.categories = wanted.categories;
  return verdict;
}

void RemoveCondition(std::string_view type, json::Object& definition) {
  json::Array* conditions = FindArray(definition, {"status", "conditions"});
  if (conditions == nullptr) return;
  const auto found =
      std::find_if(conditions->begin(), conditions->end(), [&](const json::Value& one) {
        return one.is_object() && Text(one.get_object(), {"type"}) == type;
      });
  if (found != conditions->end()) conditions->erase(found);
}

void SetSchemaConditions(std::string_view now, json::Object& definition) {
  const FieldErrors errors = FindNonStructural(definition);
  if (errors.empty()) {
    RemoveCondition("NonStructuralSchema", definition);
  } else {
    SetCondition("NonStructuralSchema", true, "Violations", errors[0].ToString(), now, definition);
  }
  if (!IsProtectedGroup(Text(definition, {"spec", "group"}))) return;
  const Approval approval = ApprovalOf(definition);
  SetCondition("KubernetesAPIApprovalPolicyConformant", approval.conforms, approval.reason,
               approval.message, now, definition);
}

}  // namespace

void NamesInUse::Add(const DefinedNames& names) {
  resources.insert(names.plural);
  resources.insert(names.singular);
  resources.insert(names.short_names.begin(), names.short_names.end());
  kinds.insert(names.kind);
  kinds.insert(names.list_kind);
}

void AcceptNames(const NamesInUse& in_use, std::string_view now, json::Object& definition) {
  const json::Object* given = FindObject(definition, {"spec", "names"});
  if (given == nullptr) return;
  const DefinedNames wanted = DefinedNames::Read(*given);
  json::Object& status = Child(definition, "status");
  DefinedNames accepted = DefinedNames::Read(Child(status, "acceptedNames"));
  const Verdict verdict = Accept(wanted, in_use, accepted);
  status["acceptedNames"] = accepted.ToJson();
  const bool all = verdict.reason.empty();
  SetSchemaConditions(now, definition);
  SetCondition("NamesAccepted", all, all ? "NoConflicts" : verdict.reason,
               all ? "no conflicts found" : verdict.message, now, definition);
  // Once established it stays so.
  if (HasCondition(definition, "Established")) return;
  SetCondition("Established", all, all ? "InitialNamesAccepted" : "NotAccepted",
               all ? "the initial names have been accepted" : "not all names are accepted", now,
               definition);
}

void SetCondition(std::string_view type, bool holds, std::string_view reason,
                  std::string_view message, std::string_view now, json::Object& definition) {
  json::Value& list = Child(definition, "status")["conditions"];
  if (!list.is_array()) list = json::Array();
  const std::string_view status = holds ? "True" : "False";
  json::Object condition{{"type", json::ToBoost(type)},
                         {"status", json::ToBoost(status)},
                         {"lastTransitionTime", json::ToBoost(now)},
                         {"reason", json::ToBoost(reason)},
                         {"message", json::ToBoost(message)}};
  for (json::Value& one : list.get_array()) {
    json::Object* known = one.if_object();
    if (known == nullptr || Text(*known, {"type"}) != type) continue;
    const json::Value* time = json::Find(*known, "lastTransitionTime");
    if (time != nullptr && Text(*known, {"status"}) == status) {
      condition["lastTransitionTime"] = *time;
    }
    *known = std::move(condition);
    return;
  }
  list.get_array().push_back(std::move(condition));
}

void AddStoredVersion(json::Object& definition) {
  json::Value& list = Child(definition, "status")["storedVersions"];
  if (!list.is_array()) list = json::Array();
  ForEach(std::as_const(definition), {"spec", "versions"}, [&](const json::Object& version) {
    if (!True(version, {"storage"})) return;
    const json::Value name(json::ToBoost(Text(version, {"name"})));
    json::Array& stored = list.get_array();
    if (std::find(stored.begin(), stored.end(), name) == stored.end()) stored.push_back(name);
  });
}

bool HasCleanupFinalizer(const json::Object& definition) {
  const json::Array* finalizers = FindArray(definition, {"metadata", "finalizers"});
  return finalizers != nullptr &&
         std::find(finalizers->begin(), finalizers->end(),
                   json::Value(json::ToBoost(kCleanupFinalizer))) != finalizers->end();
}

void AddCleanup(std::string_view now, json::Object& definition) {
  if (!HasCleanupFinalizer(definition)) {
    json::Value& finalizers = Child(definition, "metadata")["finalizers"];
    if (!finalizers.is_array()) finalizers = json::Array();
    finalizers.get_array().emplace_back(json::ToBoost(kCleanupFinalizer));
  }
  SetCondition("Terminating", true, "InstanceDeletionPending",
               "CustomResourceDefinition marked for deletion; CustomResource deletion will begin "
               "soon",
               now, definition);
}

void RemoveCleanupFinalizer(json::Object& definition) {
  json::Array* finalizers = FindArray(definition, {"metadata", "finalizers"});
  if (finalizers == nullptr) return;
  const json::Value name(json::ToBoost(kCleanupFinalizer));
  finalizers->erase(std::remove(finalizers->begin(), finalizers->end(), name), finalizers->end());
  if (finalizers->empty()) Remove(Child(definition, "metadata"), "finalizers");
}

}  // namespace kvplane::kinds
