#include "auth/audit_policy.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "api/json.h"
#include "apiserver/yaml.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::RequestInfo;
using kvshim::base::Concat;
using kvshim::base::ToAbsl;

constexpr std::string_view kLevels[] = {"None", "Metadata", "Request", "RequestResponse"};
constexpr std::string_view kStages[] = {kRequestReceived, kResponseStarted, kResponseComplete,
                                        "Panic"};

absl::Status Wrong(std::string_view field, std::string_view why) {
  return absl::InvalidArgumentError(ToAbsl(Concat(field, ": ", why)));
}

template <typename Texts>
std::string OneOf(const Texts& texts) {
  std::string out = "one of ";
  std::string_view separator;
  for (const std::string_view text : texts) {
    out.append(separator).append(text);
    separator = ", ";
  }
  return out;
}

bool Holds(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool MatchesPath(std::string_view pattern, std::string_view path) {
  if (pattern == "*") return true;
  if (!pattern.ends_with('*')) return pattern == path;
  return path.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

std::string_view NameOf(AuditLevel level) { return kLevels[static_cast<size_t>(level)]; }

bool AuditPolicy::Resources::Match(const RequestInfo& request) const {
  if (group != request.group) return false;
  if (resources.empty()) return true;
  if (!names.empty() && !Holds(names, request.name)) return false;
  const std::string whole = request.subresource.empty()
                                ? request.resource
                                : Concat(request.resource, "/", request.subresource);
  return std::any_of(resources.begin(), resources.end(), [&](std::string_view one) {
    if (one == "*" || one == whole) return true;
    if (one.starts_with("*/")) {
      return !request.subresource.empty() && one.substr(2) == request.subresource;
    }
    return one.ends_with("/*") && one.substr(0, one.size() - 2) == request.resource;
  });
}

bool AuditPolicy::Rule::Match(const registry::User& user, const RequestInfo& request) const {
  if (!users.empty() && !Holds(users, user.name)) return false;
  const bool of_group =
      groups.empty() || std::any_of(user.groups.begin(), user.groups.end(),
                                    [&](const std::string& one) { return Holds(groups, one); });
  if (!of_group || (!verbs.empty() && !Holds(verbs, request.verb))) return false;
  if (!namespaces.empty() || !resources.empty()) {
    if (!request.is_resource) return false;
    if (!namespaces.empty() && !Holds(namespaces, request.ns)) return false;
    return resources.empty() ||
           std::any_of(resources.begin(), resources.end(),
                       [&](const Resources& one) { return one.Match(request); });
  }
  if (paths.empty()) return true;
  return !request.is_resource &&
         std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& one) { return MatchesPath(one, request.path); });
}

AuditPolicy::AuditPolicy()
    : rules_{{.level = AuditLevel::kMetadata}},
      omitted_stages_{std::string(kRequestReceived), std::string(kResponseStarted)} {}

AuditDecision AuditPolicy::Decide(const registry::User& user, const RequestInfo& request) const {
  AuditDecision decision{.omitted_stages = omitted_stages_};
  const auto rule = std::find_if(rules_.begin(), rules_.end(),
                                 [&](const Rule& one) { return one.Match(user, request); });
  if (rule == rules_.end()) return decision;
  decision.level = rule->level;
  decision.omitted_stages.insert(rule->omitted_stages.begin(), rule->omitted_stages.end());
  decision.omits_managed_fields = rule->omits_managed_fields.value_or(omits_managed_fields_);
  return decision;
}

// Reads one policy; stops at the first fault.
class PolicyReader {
 public:
  absl::StatusOr<AuditPolicy> Read(const json::Object& document) {
    AuditPolicy policy;
    policy.rules_.clear();
    RETURN_IF_ERROR(CheckMembers(
        document, "",
        {"kind", "apiVersion", "metadata", "rules", "omitStages", "omitManagedFields"}));
    if (kinds::Text(document, {"kind"}) != "Policy") {
      return Wrong("kind", "must be Policy");
    }
    if (kinds::Text(document, {"apiVersion"}) != "audit.k8s.io/v1") {
      return Wrong("apiVersion", "must be audit.k8s.io/v1");
    }
    ASSIGN_OR_RETURN(policy.omitted_stages_, Stages(document, "omitStages"));
    ASSIGN_OR_RETURN(const std::optional<bool> omits, Truth(document, "omitManagedFields", ""));
    policy.omits_managed_fields_ = omits.value_or(false);
    ASSIGN_OR_RETURN(const json::Array rules, Array(document, "rules", "rules"));
    if (rules.empty()) {
      return Wrong("rules", "there is none, so nothing would be told: give at least one");
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      const std::string field = Concat("rules[", i, "]");
      const json::Object* rule = rules[i].if_object();
      if (rule == nullptr) return Wrong(field, "must be an object with a level");
      ASSIGN_OR_RETURN(AuditPolicy::Rule read, ReadRule(*rule, field));
      policy.rules_.push_back(std::move(read));
    }
    return policy;
  }

 private:
  static absl::Status CheckMembers(const json::Object& object, const std::string& field,
                                   std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object) {
      const std::string_view given = json::View(name);
      if (std::find(known.begin(), known.end(), given) != known.end()) continue;
      return Wrong(field.empty() ? std::string(given) : Concat(field, ".", given),
                   Concat("there is no such field; it may be ", OneOf(known)));
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<json::Array> Array(const json::Object& object, std::string_view name,
                                           const std::string& field) {
    const json::Value* value = json::Find(object, name);
    if (value == nullptr || value->is_null()) return json::Array();
    if (!value->is_array()) return Wrong(field, "must be a list");
    return value->get_array();
  }

  static absl::StatusOr<std::vector<std::string>> Texts(const json::Object& object,
                                                        std::string_view name,
                                                        const std::string& field) {
    ASSIGN_OR_RETURN(const json::Array array, Array(object, name, field));
    std::vector<std::string> texts;
    for (size_t i = 0; i < array.size(); ++i) {
      if (!array[i].is_string()) {
        return Wrong(Concat(field, "[", i, "]"), "must be a text; put it in quotes");
      }
      texts.push_back(kinds::Plain(array[i]));
    }
    return texts;
  }

  static absl::StatusOr<std::optional<bool>> Truth(const json::Object& object,
                                                   std::string_view name,
                                                   const std::string& within) {
    const json::Value* value = json::Find(object, name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_bool()) return Wrong(Concat(within, name), "must be true or false");
    return value->get_bool();
  }

  static absl::StatusOr<std::set<std::string, std::less<>>> Stages(const json::Object& object,
                                                                   const std::string& field) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, Texts(object, "omitStages", field));
    for (size_t i = 0; i < names.size(); ++i) {
      if (std::find(std::begin(kStages), std::end(kStages), names[i]) != std::end(kStages))
        continue;
      return Wrong(Concat(field, "[", i, "]"),
                   Concat("\"", names[i], "\" is no stage; it may be ", OneOf(kStages)));
    }
    return std::set<std::string, std::less<>>(names.begin(), names.end());
  }

  static absl::StatusOr<AuditLevel> Level(const json::Object& rule, const std::string& field) {
    const std::string_view text = kinds::Text(rule, {"level"});
    const auto found = std::find(std::begin(kLevels), std::end(kLevels), text);
    if (found != std::end(kLevels)) {
      return static_cast<AuditLevel>(found - std::begin(kLevels));
    }
    return Wrong(field + ".level",
                 text.empty() ? Concat("is missing; it may be ", OneOf(kLevels))
                              : Concat("\"", text, "\" is no level; it may be ", OneOf(kLevels)));
  }

  static absl::StatusOr<AuditPolicy::Resources> ReadResources(const json::Value& value,
                                                              const std::string& field) {
    const json::Object* object = value.if_object();
    if (object == nullptr) {
      return Wrong(field, "must be an object with a group, \"\" for the core's");
    }
    RETURN_IF_ERROR(CheckMembers(*object, field, {"group", "resources", "resourceNames"}));
    AuditPolicy::Resources read{.group = std::string(kinds::Text(*object, {"group"}))};
    if (read.group.find('/') != std::string::npos) {
      return Wrong(field + ".group",
                   Concat("\"", read.group, "\" has a version; give the group alone"));
    }
    ASSIGN_OR_RETURN(read.resources, Texts(*object, "resources", field + ".resources"));
    ASSIGN_OR_RETURN(read.names, Texts(*object, "resourceNames", field + ".resourceNames"));
    if (!read.names.empty() && read.resources.empty()) {
      return Wrong(field + ".resources", "resourceNames need at least one resource");
    }
    return read;
  }

  static absl::StatusOr<AuditPolicy::Rule> ReadRule(const json::Object& rule,
                                                    const std::string& field) {
    RETURN_IF_ERROR(
        CheckMembers(rule, field,
                     {"level", "users", "userGroups", "verbs", "resources", "namespaces",
                      "nonResourceURLs", "omitStages", "omitManagedFields"}));
    AuditPolicy::Rule read;
    ASSIGN_OR_RETURN(read.level, Level(rule, field));
    ASSIGN_OR_RETURN(read.users, Texts(rule, "users", field + ".users"));
    ASSIGN_OR_RETURN(read.groups, Texts(rule, "userGroups", field + ".userGroups"));
    ASSIGN_OR_RETURN(read.verbs, Texts(rule, "verbs", field + ".verbs"));
    ASSIGN_OR_RETURN(read.namespaces, Texts(rule, "namespaces", field + ".namespaces"));
    ASSIGN_OR_RETURN(read.paths, Texts(rule, "nonResourceURLs", field + ".nonResourceURLs"));
    ASSIGN_OR_RETURN(read.omitted_stages, Stages(rule, field + ".omitStages"));
    ASSIGN_OR_RETURN(read.omits_managed_fields, Truth(rule, "omitManagedFields", field + "."));
    ASSIGN_OR_RETURN(const json::Array resources, Array(rule, "resources", field + ".resources"));
    for (size_t i = 0; i < resources.size(); ++i) {
      ASSIGN_OR_RETURN(AuditPolicy::Resources one,
                       ReadResources(resources[i], Concat(field, ".resources[", i, "]")));
      read.resources.push_back(std::move(one));
    }
    RETURN_IF_ERROR(CheckPaths(read, field));
    return read;
  }

  static absl::Status CheckPaths(const AuditPolicy::Rule& rule, const std::string& rule_field) {
    const std::string field = rule_field + ".nonResourceURLs";
    if (!rule.paths.empty() && (!rule.resources.empty() || !rule.namespaces.empty())) {
      return Wrong(field, "a rule is of paths or of resources and namespaces: make two of it");
    }
    for (size_t i = 0; i < rule.paths.size(); ++i) {
      const std::string& path = rule.paths[i];
      const size_t star = path.find('*');
      if (path == "*") continue;
      if (!path.starts_with('/')) {
        return Wrong(Concat(field, "[", i, "]"),
                     Concat("\"", path, "\" must begin with /, or be * alone"));
      }
      if (star != std::string::npos && star + 1 != path.size()) {
        return Wrong(Concat(field, "[", i, "]"),
                     Concat("\"", path, "\" may have a * only at its end"));
      }
    }
    return absl::OkStatus();
  }
};

absl::StatusOr<AuditPolicy> AuditPolicy::Read(std::string_view text) {
  const absl::StatusOr<json::Value> parsed = apiserver::ParseYaml(text);
  if (!parsed.ok()) return parsed.status();
  const json::Object* document = parsed->if_object();
  if (document == nullptr) {
    return absl::InvalidArgumentError("it is no object; it must be a Policy of audit.k8s.io/v1");
  }
  return PolicyReader().Read(*document);
}

}  // namespace kvplane::auth
