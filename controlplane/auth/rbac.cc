#include "auth/rbac.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace kvplane::auth {
namespace {

using apiserver::Decision;
using apiserver::RequestInfo;
using kvshim::base::Concat;

constexpr std::string_view kMasters = "system:masters";

bool Has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}
bool HasOrAll(const std::vector<std::string>& list, std::string_view word) {
  return Has(list, "*") || Has(list, word);
}

// "*", "pods", "pods/log", "*/scale".
bool CoversResource(const Rule& rule, const RequestInfo& request) {
  if (Has(rule.resources, "*")) return true;
  if (request.subresource.empty()) return Has(rule.resources, request.resource);
  return Has(rule.resources, Concat(request.resource, "/", request.subresource)) ||
         Has(rule.resources, Concat("*/", request.subresource));
}

// "*", "/healthz", "/healthz/*".
bool CoversPath(const Rule& rule, std::string_view path) {
  return std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(),
                     [path](const std::string& url) {
                       if (url == "*" || url == path) return true;
                       return url.ends_with('*') &&
                              path.starts_with(std::string_view(url).substr(0, url.size() - 1));
                     });
}

}  // namespace

bool Covers(const Rule& rule, const RequestInfo& request) {
  if (!HasOrAll(rule.verbs, request.verb)) return false;
  if (!request.is_resource) return CoversPath(rule, request.path);
  return HasOrAll(rule.api_groups, request.group) && CoversResource(rule, request) &&
         (rule.resource_names.empty() || Has(rule.resource_names, request.name));
}

Decision Rbac::Authorize(const User& user, const RequestInfo& request) const {
  if (Has(user.groups, kMasters)) return {.allowed = true};
  Decision decision;
  decision.allowed = roles_.Visit(user, request.ns, [&](const Rule& rule, const Binding& binding) {
    if (!Covers(rule, request)) return false;
    const std::string_view kind = binding.ns.empty() ? "ClusterRoleBinding" : "RoleBinding";
    decision.reason = Concat("RBAC: allowed by ", kind, " \"", binding.name, "\" of ",
                             std::string_view(binding.of_cluster_role ? "ClusterRole" : "Role"),
                             " \"", binding.role_name, "\"");
    return true;
  });
  return decision;
}

std::vector<Rule> Rbac::RulesOf(const User& user, const std::string& ns) const {
  std::vector<Rule> rules;
  if (Has(user.groups, kMasters)) {
    rules.push_back({.verbs = {"*"}, .api_groups = {"*"}, .resources = {"*"}});
    rules.push_back({.verbs = {"*"}, .non_resource_urls = {"*"}});
  }
  roles_.Visit(user, ns, [&](const Rule& rule, const Binding& /*binding*/) {
    if (!std::count(rules.begin(), rules.end(), rule)) rules.push_back(rule);
    return false;
  });
  return rules;
}

}  // namespace kvplane::auth
