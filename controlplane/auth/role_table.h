// RoleTable: the roles and bindings of RBAC that there are, and what they grant.
//
// Thread safety: every method may be called from any thread.
//
//   RoleTable table;
//   table.Put(Role{.name = "reader", .rules = {{.verbs = {"get"}, .resources = {"pods"}, …}}});
//   table.Put(Binding{.ns = "web", .role_name = "reader", .subjects = {…}});
//   table.Visit(user, "web", [&](const Rule& rule, …) { return Covers(rule, request); });
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "apiserver/authorizer.h"
#include "base/mutex.h"

namespace kvplane::auth {

using apiserver::Rule;
using apiserver::User;

struct Role {
  std::string ns;  // empty: a ClusterRole
  std::string name;
  std::vector<Rule> rules;
};

struct Subject {
  std::string kind;  // User, Group, ServiceAccount
  std::string name;
  std::string ns;  // of a ServiceAccount
};

struct Binding {
  std::string ns;  // empty: a ClusterRoleBinding
  std::string name;
  bool of_cluster_role = true;
  std::string role_name;
  std::vector<Subject> subjects;
};

// From documents of rbac.authorization.k8s.io/v1; what is missing is empty.
Role RoleFromDocument(const api::json::Object& document);
Binding BindingFromDocument(const api::json::Object& document);

bool Matches(const Subject& subject, const User& user);

class RoleTable {
 public:
  void Put(Role role);
  void Put(Binding binding);
  void RemoveRole(const std::string& ns, const std::string& name);
  void RemoveBinding(const std::string& ns, const std::string& name);

  // Removes what is not named, of the roles or bindings of the cluster, or of all namespaces.
  using Key = std::pair<std::string, std::string>;  // namespace, name
  enum class Scope { kCluster, kNamespaces };
  void KeepOnlyRoles(Scope scope, const std::set<Key>& named);
  void KeepOnlyBindings(Scope scope, const std::set<Key>& named);

  // Calls `visit` with every rule that is granted to `user` in the cluster and, where `ns` is not
  // empty, in the namespace, until it returns true; returns whether it did.
  using Visitor = std::function<bool(const Rule& rule, const Binding& binding)>;
  bool Visit(const User& user, const std::string& ns, const Visitor& visit) const;

 private:
  mutable kvshim::base::SharedMutex mutex_;
  std::map<Key, Role> roles_ GUARDED_BY(mutex_);
  std::map<Key, Binding> bindings_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::auth
