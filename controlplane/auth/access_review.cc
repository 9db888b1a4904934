#include "auth/access_review.h"

#include <string>
#include <utility>
#include <vector>

#include "auth/members.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::RequestInfo;
using apiserver::User;

json::Array List(const std::vector<std::string>& texts) {
  json::Array list;
  for (const std::string& text : texts) list.emplace_back(json::ToBoost(text));
  return list;
}

RequestInfo Wish(const json::Object& spec) {
  if (const json::Object* resource = ObjectAt(spec, "resourceAttributes")) {
    return {.is_resource = true,
            .verb = TextAt(*resource, "verb"),
            .group = TextAt(*resource, "group"),
            .version = TextAt(*resource, "version"),
            .ns = TextAt(*resource, "namespace"),
            .resource = TextAt(*resource, "resource"),
            .subresource = TextAt(*resource, "subresource"),
            .name = TextAt(*resource, "name")};
  }
  if (const json::Object* path = ObjectAt(spec, "nonResourceAttributes")) {
    return {.verb = TextAt(*path, "verb"), .path = TextAt(*path, "path")};
  }
  return {};
}

}  // namespace

User UserOfSpec(const json::Object& spec) {
  User user{
      .name = TextAt(spec, "user"), .uid = TextAt(spec, "uid"), .groups = TextsAt(spec, "groups")};
  if (const json::Object* extra = ObjectAt(spec, "extra")) {
    for (const auto& member : *extra) {
      const std::string name(json::View(member.key()));
      user.extra[name] = TextsAt(*extra, name);
    }
  }
  return user;
}

json::Object ReviewAccess(const apiserver::Authorizer& authorizer, const User& user,
                          const json::Object& spec) {
  const apiserver::Decision decision = authorizer.Authorize(user, Wish(spec));
  json::Object status{{"allowed", decision.allowed}};
  if (!decision.reason.empty()) status["reason"] = json::ToBoost(decision.reason);
  return status;
}

json::Object ReviewRules(const apiserver::Authorizer& authorizer, const User& user,
                         const std::string& ns) {
  json::Array resources;
  json::Array paths;
  for (const apiserver::Rule& rule : authorizer.RulesOf(user, ns)) {
    if (!rule.non_resource_urls.empty()) {
      paths.push_back(json::Object{{"verbs", List(rule.verbs)},
                                   {"nonResourceURLs", List(rule.non_resource_urls)}});
      continue;
    }
    json::Object one{{"verbs", List(rule.verbs)},
                     {"apiGroups", List(rule.api_groups)},
                     {"resources", List(rule.resources)}};
    if (!rule.resource_names.empty()) one["resourceNames"] = List(rule.resource_names);
    resources.push_back(std::move(one));
  }
  return {{"resourceRules", std::move(resources)},
          {"nonResourceRules", std::move(paths)},
          {"incomplete", false}};
}

}  // namespace kvplane::auth
