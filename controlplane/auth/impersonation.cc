#include "auth/impersonation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/authenticator.h"
#include "auth/guard.h"

namespace kvplane::auth {
namespace {

using apiserver::Authorizer;
using apiserver::Refusal;
using apiserver::Request;
using apiserver::RequestInfo;
using apiserver::User;

constexpr std::string_view kPrefix = "impersonate-";
constexpr std::string_view kExtra = "impersonate-extra-";
constexpr std::string_view kAccounts = "system:serviceaccount:";

struct ServiceAccountName {
  std::string ns;
  std::string name;
};

std::optional<ServiceAccountName> AsServiceAccount(std::string_view user) {
  if (!user.starts_with(kAccounts)) return std::nullopt;
  user.remove_prefix(kAccounts.size());
  const size_t colon = user.find(':');
  if (colon == 0 || colon == user.npos || colon + 1 == user.size()) return std::nullopt;
  return ServiceAccountName{std::string(user.substr(0, colon)),
                            std::string(user.substr(colon + 1))};
}

RequestInfo Wish(std::string group, std::string resource, std::string name) {
  return {.is_resource = true,
          .verb = "impersonate",
          .group = std::move(group),
          .version = "v1",
          .resource = std::move(resource),
          .name = std::move(name)};
}

struct Impersonated {
  User user;
  std::vector<RequestInfo> wishes;  // each must be allowed
};

Impersonated ReadHeaders(const Request& request) {
  Impersonated wanted;
  for (const auto& [name, value] : request.headers) {
    if (name == "impersonate-user") {
      wanted.user.name = value;
      if (const auto account = AsServiceAccount(value)) {
        RequestInfo wish = Wish("", "serviceaccounts", account->name);
        wish.ns = account->ns;
        wanted.wishes.push_back(std::move(wish));
      } else {
        wanted.wishes.push_back(Wish("", "users", value));
      }
    } else if (name == "impersonate-group") {
      wanted.user.groups.push_back(value);
      wanted.wishes.push_back(Wish("", "groups", value));
    } else if (name == "impersonate-uid") {
      wanted.user.uid = value;
      wanted.wishes.push_back(Wish("authentication.k8s.io", "uids", value));
    } else if (name.starts_with(kExtra)) {
      const std::string key = name.substr(kExtra.size());
      wanted.user.extra[key].push_back(value);
      RequestInfo wish = Wish("authentication.k8s.io", "userextras", value);
      wish.subresource = key;
      wanted.wishes.push_back(std::move(wish));
    }
  }
  return wanted;
}

// The groups that everybody of that name is in.
void AddImpliedGroups(User& user) {
  if (user.name == kAnonymous) {
    user.groups.emplace_back("system:unauthenticated");
    return;
  }
  if (const auto account = AsServiceAccount(user.name); account && user.groups.empty()) {
    user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + account->ns};
  }
  if (std::find(user.groups.begin(), user.groups.end(), "system:authenticated") ==
      user.groups.end()) {
    user.groups.emplace_back("system:authenticated");
  }
}

}  // namespace

bool Impersonate(const Authorizer& authorizer, Request& request, bool& impersonated,
                 Refusal& refusal) {
  Impersonated wanted = ReadHeaders(request);
  impersonated = !wanted.wishes.empty();
  if (!impersonated) return true;
  if (wanted.user.name.empty()) {
    refusal = {.code = 400,
               .reason = "BadRequest",
               .message = "impersonation of groups, a UID or extras needs Impersonate-User too"};
    return false;
  }
  for (const RequestInfo& wish : wanted.wishes) {
    const apiserver::Decision decision = authorizer.Authorize(request.user, wish);
    if (decision.allowed) continue;
    refusal = Forbidden(request.user, wish, decision.reason);
    return false;
  }
  AddImpliedGroups(wanted.user);
  request.user = std::move(wanted.user);
  std::erase_if(request.headers,
                [](const auto& header) { return header.first.starts_with(kPrefix); });
  return true;
}

}  // namespace kvplane::auth
