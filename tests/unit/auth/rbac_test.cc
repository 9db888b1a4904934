#include "auth/rbac.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/default_roles.h"
#include "auth/guard.h"

namespace kvplane::auth {
namespace {

using apiserver::Request;
using apiserver::RequestInfo;

class RbacTest : public testing::Test {
 protected:
  bool Allows(const User& user, const std::string& method, const std::string& path,
              apiserver::Pairs query = {}) {
    return rbac_.Authorize(user, RequestInfo::Of({.method = method, .path = path, .query = query}))
        .allowed;
  }
  void PutDefaults() {
    for (const api::json::Object& document : DefaultRoles()) {
      PutDocument(roles_, document.at("kind").as_string().c_str(), document);
    }
  }

  RoleTable roles_;
  Rbac rbac_{roles_};
  const User bob_{.name = "bob", .groups = {"developers", "system:authenticated"}};
  const User anonymous_{.name = "system:anonymous", .groups = {"system:unauthenticated"}};
};

RequestInfo Wish(const std::string& verb, const std::string& group, const std::string& resource,
                 const std::string& name = "") {
  RequestInfo wish{
      .is_resource = true, .verb = verb, .group = group, .version = "v1", .name = name};
  wish.resource = resource.substr(0, resource.find('/'));
  if (resource.find('/') != resource.npos) {
    wish.subresource = resource.substr(resource.find('/') + 1);
  }
  return wish;
}

TEST_F(RbacTest, RulesCoverWhatTheyName) {
  struct Case {
    Rule rule;
    RequestInfo wish;
    bool covered;
  };
  const Rule pods{.verbs = {"get", "list"}, .api_groups = {""}, .resources = {"pods"}};
  const Rule scale{.verbs = {"*"}, .api_groups = {"*"}, .resources = {"*/scale"}};
  const Rule all{.verbs = {"*"}, .api_groups = {"*"}, .resources = {"*"}};
  const Rule named{.verbs = {"update"},
                   .api_groups = {""},
                   .resources = {"configmaps"},
                   .resource_names = {"a"}};
  const Case cases[] = {
      {pods, Wish("get", "", "pods", "x"), true},
      {pods, Wish("delete", "", "pods", "x"), false},
      {pods, Wish("get", "apps", "pods"), false},
      {pods, Wish("get", "", "pods/log", "x"), false},
      {scale, Wish("update", "apps", "deployments/scale", "x"), true},
      {scale, Wish("update", "apps", "deployments", "x"), false},
      {all, Wish("get", "apps", "deployments/status", "x"), true},
      {named, Wish("update", "", "configmaps", "a"), true},
      {named, Wish("update", "", "configmaps", "b"), false},
      {named, Wish("create", "", "configmaps"), false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(Covers(one.rule, one.wish), one.covered)
        << one.wish.verb << " " << one.wish.resource << " " << one.wish.name;
  }
}

TEST_F(RbacTest, PathsMayEndInAStar) {
  const Rule rule{.verbs = {"get"}, .non_resource_urls = {"/healthz", "/apis/*"}};
  EXPECT_TRUE(Covers(rule, {.verb = "get", .path = "/healthz"}));
  EXPECT_TRUE(Covers(rule, {.verb = "get", .path = "/apis/apps"}));
  EXPECT_FALSE(Covers(rule, {.verb = "get", .path = "/healthz/etcd"}));
  EXPECT_FALSE(Covers(rule, {.verb = "get", .path = "/apis"}));
  EXPECT_FALSE(Covers(rule, {.verb = "post", .path = "/healthz"}));
}

TEST_F(RbacTest, ARoleBindingReachesNoFurtherThanItsNamespace) {
  roles_.Put(Role{.name = "reader",
                  .rules = {{.verbs = {"get"}, .api_groups = {""}, .resources = {"pods"}}}});
  roles_.Put(Binding{.ns = "web",
                     .name = "readers",
                     .role_name = "reader",
                     .subjects = {{.kind = "Group", .name = "developers"}}});
  EXPECT_TRUE(Allows(bob_, "GET", "/api/v1/namespaces/web/pods/a"));
  EXPECT_FALSE(Allows(bob_, "GET", "/api/v1/namespaces/other/pods/a"));
  EXPECT_FALSE(Allows(bob_, "GET", "/api/v1/pods"));
  roles_.RemoveBinding("web", "readers");
  EXPECT_FALSE(Allows(bob_, "GET", "/api/v1/namespaces/web/pods/a"));
}

TEST_F(RbacTest, ARoleIsOfItsNamespace) {
  const std::vector<Rule> rules{{.verbs = {"*"}, .api_groups = {"*"}, .resources = {"*"}}};
  roles_.Put(Role{.ns = "other", .name = "all", .rules = rules});
  const std::vector<Subject> bob{{.kind = "User", .name = "bob"}};
  roles_.Put(Binding{
      .ns = "web", .name = "b", .of_cluster_role = false, .role_name = "all", .subjects = bob});
  EXPECT_FALSE(Allows(bob_, "GET", "/api/v1/namespaces/web/pods/a"));
  roles_.Put(Role{.ns = "web", .name = "all", .rules = rules});
  EXPECT_TRUE(Allows(bob_, "GET", "/api/v1/namespaces/web/pods/a"));
}

TEST_F(RbacTest, ServiceAccountsAreSubjects) {
  roles_.Put(Role{.name = "reader",
                  .rules = {{.verbs = {"get"}, .api_groups = {""}, .resources = {"pods"}}}});
  roles_.Put(Binding{.name = "b",
                     .role_name = "reader",
                     .subjects = {{.kind = "ServiceAccount", .name = "shop", .ns = "web"}}});
  EXPECT_TRUE(
      Allows({.name = "system:serviceaccount:web:shop"}, "GET", "/api/v1/namespaces/x/pods/a"));
  EXPECT_FALSE(
      Allows({.name = "system:serviceaccount:x:shop"}, "GET", "/api/v1/namespaces/x/pods/a"));
}

TEST_F(RbacTest, MastersNeedNoRole) {
  const User admin{.name = "system:admin", .groups = {"system:masters"}};
  EXPECT_TRUE(Allows(admin, "DELETE", "/api/v1/namespaces/web"));
  EXPECT_TRUE(Allows(admin, "GET", "/metrics"));
  EXPECT_EQ(rbac_.RulesOf(admin, "web").size(), 2u);
}

TEST_F(RbacTest, TheDefaultsLetEverybodySeeHealthAndVersion) {
  PutDefaults();
  for (const char* path : {"/healthz", "/livez", "/readyz", "/version"}) {
    EXPECT_TRUE(Allows(anonymous_, "GET", path)) << path;
  }
  for (const char* path : {"/metrics", "/api", "/apis/apps", "/openapi/v3", "/"}) {
    EXPECT_FALSE(Allows(anonymous_, "GET", path)) << path;
  }
  EXPECT_TRUE(Allows(bob_, "GET", "/apis/apps"));
  EXPECT_TRUE(Allows(bob_, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"));
  EXPECT_FALSE(Allows(bob_, "GET", "/api/v1/namespaces/default/pods"));
}

TEST_F(RbacTest, TheDefaultsHaveViewEditAndAdminEachWithinTheNext) {
  PutDefaults();
  const auto bind = [&](const std::string& role) {
    roles_.Put(Binding{.ns = "web",
                       .name = "bob",
                       .role_name = role,
                       .subjects = {{.kind = "User", .name = "bob"}}});
  };
  const auto can = [&](const std::string& method, const std::string& rest) {
    return Allows(bob_, method,
                  rest.starts_with("/apis") ? rest : "/api/v1/namespaces/web/" + rest);
  };
  const std::string role_bindings =
      "/apis/rbac.authorization.k8s.io/v1/namespaces/web/rolebindings";
  bind("view");
  EXPECT_TRUE(can("GET", "pods"));
  EXPECT_FALSE(can("GET", "secrets"));
  EXPECT_FALSE(can("POST", "pods"));
  bind("edit");
  EXPECT_TRUE(can("GET", "pods"));
  EXPECT_TRUE(can("GET", "secrets"));
  EXPECT_TRUE(can("POST", "pods"));
  EXPECT_FALSE(can("POST", role_bindings));
  bind("admin");
  EXPECT_TRUE(can("GET", "pods"));
  EXPECT_TRUE(can("POST", "pods"));
  EXPECT_TRUE(can("POST", role_bindings));
}

TEST_F(RbacTest, RefusalsReadAsThoseOfKubernetes) {
  const auto message = [&](const std::string& method, const std::string& path) {
    return Forbidden(bob_, RequestInfo::Of({.method = method, .path = path}), "").message;
  };
  EXPECT_EQ(message("GET", "/api/v1/namespaces/default/pods"),
            "pods is forbidden: User \"bob\" cannot list resource \"pods\" in API group \"\" in "
            "the namespace \"default\"");
  EXPECT_EQ(message("POST", "/api/v1/namespaces/default/pods/a/exec"),
            "pods \"a\" is forbidden: User \"bob\" cannot create resource \"pods/exec\" in API "
            "group \"\" in the namespace \"default\"");
  EXPECT_EQ(message("DELETE", "/apis/apps/v1/namespaces/web/deployments/x"),
            "deployments.apps \"x\" is forbidden: User \"bob\" cannot delete resource "
            "\"deployments\" in API group \"apps\" in the namespace \"web\"");
  EXPECT_EQ(message("GET", "/api/v1/nodes"),
            "nodes is forbidden: User \"bob\" cannot list resource \"nodes\" in API group \"\" at "
            "the cluster scope");
  EXPECT_EQ(message("GET", "/metrics"), "forbidden: User \"bob\" cannot get path \"/metrics\"");
}

}  // namespace
}  // namespace kvplane::auth
