// RoleEscalation: a role may not hold, and a binding may not give away, what the one who writes it
// does not hold, unless they may "escalate" the role or "bind" it. (In Kubernetes the storage of
// roles does this, not a plugin of admission.)
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "api/json_equal.h"
#include "api/quote.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

using apiserver::Rule;
using kinds::Text;
using kvshim::base::Concat;
using Texts = std::vector<std::string>;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kGroupVersion = "rbac.authorization.k8s.io/v1";

bool Has(const Texts& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

Texts TextsOf(const json::Object& rule, std::string_view name) {
  Texts out;
  if (const json::Array* list = kinds::FindArray(rule, {name})) {
    for (const json::Value& one : *list) out.push_back(kinds::Plain(one));
  }
  return out;
}

std::vector<Rule> RulesIn(const json::Object& role) {
  std::vector<Rule> rules;
  kinds::ForEach(role, {"rules"}, [&](const json::Object& rule) {
    rules.push_back({.verbs = TextsOf(rule, "verbs"),
                     .api_groups = TextsOf(rule, "apiGroups"),
                     .resources = TextsOf(rule, "resources"),
                     .resource_names = TextsOf(rule, "resourceNames"),
                     .non_resource_urls = TextsOf(rule, "nonResourceURLs")});
  });
  return rules;
}

// Rules of one verb on one resource, or one path, each.
std::vector<Rule> BreakDown(const Rule& rule) {
  std::vector<Rule> parts;
  for (const std::string& verb : rule.verbs) {
    for (const std::string& group : rule.api_groups) {
      for (const std::string& resource : rule.resources) {
        Rule part{.verbs = {verb}, .api_groups = {group}, .resources = {resource}};
        if (rule.resource_names.empty()) parts.push_back(part);
        for (const std::string& name : rule.resource_names) {
          part.resource_names = {name};
          parts.push_back(part);
        }
      }
    }
    for (const std::string& url : rule.non_resource_urls) {
      parts.push_back({.verbs = {verb}, .non_resource_urls = {url}});
    }
  }
  return parts;
}

bool CoversUrl(const Texts& held, const std::string& url) {
  return std::any_of(held.begin(), held.end(), [&](const std::string& one) {
    return one == "*" || one == url ||
           (one.ends_with('*') && url.starts_with(one.substr(0, one.size() - 1)));
  });
}

bool CoversResource(const Texts& held, const std::string& resource) {
  if (Has(held, "*") || Has(held, resource)) return true;
  const size_t slash = resource.find('/');
  return slash != std::string::npos && Has(held, "*" + resource.substr(slash));
}

// `part` is of one verb on one thing.
bool Covers(const Rule& held, const Rule& part) {
  if (!Has(held.verbs, "*") && !Has(held.verbs, part.verbs[0])) return false;
  if (!part.non_resource_urls.empty()) {
    return CoversUrl(held.non_resource_urls, part.non_resource_urls[0]);
  }
  return (Has(held.api_groups, "*") || Has(held.api_groups, part.api_groups[0])) &&
         CoversResource(held.resources, part.resources[0]) &&
         (held.resource_names.empty() ||
          (!part.resource_names.empty() && Has(held.resource_names, part.resource_names[0])));
}

// As Go prints a list of strings with %q.
std::string Listed(const Texts& list) {
  std::string out = "[";
  for (const std::string& one : list) {
    if (out.size() > 1) out += ' ';
    out += api::Quoted(one);
  }
  return out + "]";
}

std::string Describe(const Rule& rule) {
  std::string out;
  for (const auto& [name, list] :
       {std::pair{"APIGroups", &rule.api_groups}, std::pair{"Resources", &rule.resources},
        std::pair{"NonResourceURLs", &rule.non_resource_urls},
        std::pair{"ResourceNames", &rule.resource_names}, std::pair{"Verbs", &rule.verbs}}) {
    if (list->empty()) continue;
    out += Concat(out.empty() ? "" : ", ", std::string_view(name), ":", Listed(*list));
  }
  return "{" + out + "}";
}

// The parts that are missing, those of one thing together; empty where nothing is.
std::string Missing(const std::vector<Rule>& held, const std::vector<Rule>& wanted) {
  std::map<Texts, Rule> by_thing;
  for (const Rule& rule : wanted) {
    for (const Rule& part : BreakDown(rule)) {
      if (std::any_of(held.begin(), held.end(),
                      [&](const Rule& one) { return Covers(one, part); })) {
        continue;
      }
      // A path keeps its verbs apart.
      const bool path = !part.non_resource_urls.empty();
      Texts thing = path ? Texts{part.non_resource_urls[0], part.verbs[0], "path"}
                         : Texts{part.api_groups[0], part.resources[0]};
      if (!part.resource_names.empty()) thing.push_back(part.resource_names[0]);
      const auto [entry, added] = by_thing.emplace(thing, part);
      if (!added) entry->second.verbs.push_back(part.verbs[0]);
    }
  }
  std::set<std::string> lines;
  for (const auto& [thing, rule] : by_thing) lines.insert(Describe(rule));
  std::string out;
  for (const std::string& line : lines) out.append(out.empty() ? "" : "\n").append(line);
  return out;
}

// What the garbage collector changes gives nothing away.
bool OnlyCollectorsChange(const Attributes& attributes) {
  if (attributes.old == nullptr) return false;
  json::Object before = *attributes.old;
  json::Object after = *attributes.object();
  for (json::Object* one : {&before, &after}) {
    for (const std::string_view name :
         {"ownerReferences", "finalizers", "managedFields", "resourceVersion"}) {
      kinds::Remove(kinds::Child(*one, "metadata"), name);
    }
  }
  return api::JsonEqual(json::Value(std::move(before)), json::Value(std::move(after)));
}

class RoleEscalation : public Plugin {
 public:
  RoleEscalation(registry::Registry& registry, const apiserver::Authorizer& authorizer)
      : registry_(registry), authorizer_(authorizer) {}

  bool Handles(const Attributes& attributes) const override {
    return (attributes.IsCreate() || attributes.IsUpdate()) && attributes.kind->group == kGroup;
  }

  absl::Status Validate(const Attributes& attributes) override {
    if (Has(attributes.user().groups, "system:masters")) return absl::OkStatus();
    if (OnlyCollectorsChange(attributes)) return absl::OkStatus();
    return attributes.kind->name.ends_with("Binding") ? CheckBinding(attributes)
                                                      : CheckRole(attributes);
  }

 private:
  bool May(const Attributes& attributes, std::string verb, std::string resource,
           std::string_view name) const {
    return authorizer_
        .Authorize(attributes.user(), {.is_resource = true,
                                       .verb = std::move(verb),
                                       .group = std::string(kGroup),
                                       .version = "*",
                                       .ns = std::string(attributes.name_space),
                                       .resource = std::move(resource),
                                       .name = std::string(name)})
        .allowed;
  }

  absl::Status CheckHeld(const Attributes& attributes, const std::vector<Rule>& wanted,
                         std::string_view before = {}) const {
    const registry::User& user = attributes.user();
    const std::string missing =
        Missing(authorizer_.RulesOf(user, std::string(attributes.name_space)), wanted);
    if (missing.empty()) return absl::OkStatus();
    return registry::Refuse(
        attributes,
        Concat(before, "user ", api::Quoted(user.name), " (groups=", Listed(user.groups),
               ") is attempting to grant RBAC permissions not currently held:\n", missing));
  }

  absl::Status CheckRole(const Attributes& attributes) const {
    const json::Object& role = *attributes.object();
    const std::string_view name = Text(role, {"metadata", "name"});
    if (May(attributes, "escalate", attributes.kind->plural, name)) return absl::OkStatus();
    RETURN_IF_ERROR(CheckHeld(attributes, RulesIn(role)));
    if (!kinds::Has(role, {"aggregationRule"})) return absl::OkStatus();
    return CheckHeld(attributes,
                     {{.verbs = {"*"}, .api_groups = {"*"}, .resources = {"*"}},
                      {.verbs = {"*"}, .non_resource_urls = {"*"}}},
                     "must have cluster-admin privileges to use an aggregationRule: ");
  }

  absl::Status CheckBinding(const Attributes& attributes) const {
    const json::Object& binding = *attributes.object();
    const bool of_cluster = Text(binding, {"roleRef", "kind"}) == "ClusterRole";
    const std::string_view name = Text(binding, {"roleRef", "name"});
    const std::string plural = of_cluster ? "clusterroles" : "roles";
    if (May(attributes, "bind", plural, name)) return absl::OkStatus();
    ASSIGN_OR_RETURN(const json::Object role,
                     Find(registry_, BuiltIn(kGroupVersion, plural),
                          of_cluster ? std::string_view() : attributes.name_space, name));
    return CheckHeld(attributes, RulesIn(role));
  }

  registry::Registry& registry_;
  const apiserver::Authorizer& authorizer_;
};

}  // namespace

std::unique_ptr<Plugin> MakeRoleEscalation(registry::Registry& registry,
                                           const apiserver::Authorizer& authorizer) {
  return std::make_unique<RoleEscalation>(registry, authorizer);
}

}  // namespace kvplane::admission
