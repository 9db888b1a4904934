#include "auth/role_table.h"

#include <algorithm>
#include <string_view>

#include "auth/members.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using kvshim::base::ReaderLock;
using kvshim::base::WriterLock;

// Calls `take` with each object in a list.
template <typename Take>
void EachObject(const json::Object& object, std::string_view name, const Take& take) {
  const json::Value* member = json::Find(object, name);
  if (member == nullptr || !member->is_array()) return;
  for (const json::Value& value : member->get_array()) {
    if (value.is_object()) take(value.get_object());
  }
}

json::Object Part(const json::Object& object, std::string_view name) {
  const json::Value* member = json::Find(object, name);
  return member != nullptr && member->is_object() ? member->get_object() : json::Object();
}

}  // namespace

Role RoleFromDocument(const json::Object& document) {
  const json::Object metadata = Part(document, "metadata");
  Role role{.ns = TextAt(metadata, "namespace"), .name = TextAt(metadata, "name")};
  EachObject(document, "rules", [&](const json::Object& rule) {
    role.rules.push_back({.verbs = TextsAt(rule, "verbs"),
                          .api_groups = TextsAt(rule, "apiGroups"),
                          .resources = TextsAt(rule, "resources"),
                          .resource_names = TextsAt(rule, "resourceNames"),
                          .non_resource_urls = TextsAt(rule, "nonResourceURLs")});
  });
  return role;
}

Binding BindingFromDocument(const json::Object& document) {
  const json::Object metadata = Part(document, "metadata");
  const json::Object role = Part(document, "roleRef");
  Binding binding{.ns = TextAt(metadata, "namespace"),
                  .name = TextAt(metadata, "name"),
                  .of_cluster_role = TextAt(role, "kind") == "ClusterRole",
                  .role_name = TextAt(role, "name")};
  EachObject(document, "subjects", [&](const json::Object& subject) {
    binding.subjects.push_back({.kind = TextAt(subject, "kind"),
                                .name = TextAt(subject, "name"),
                                .ns = TextAt(subject, "namespace")});
  });
  return binding;
}

bool Matches(const Subject& subject, const User& user) {
  if (subject.kind == "User") return subject.name == user.name;
  if (subject.kind == "Group") {
    return std::find(user.groups.begin(), user.groups.end(), subject.name) != user.groups.end();
  }
  if (subject.kind == "ServiceAccount") {
    return user.name ==
           kvshim::base::Concat("system:serviceaccount:", subject.ns, ":", subject.name);
  }
  return false;
}

void RoleTable::Put(Role role) {
  WriterLock lock(mutex_);
  Key key{role.ns, role.name};
  roles_.insert_or_assign(std::move(key), std::move(role));
}

void RoleTable::Put(Binding binding) {
  WriterLock lock(mutex_);
  Key key{binding.ns, binding.name};
  bindings_.insert_or_assign(std::move(key), std::move(binding));
}

void RoleTable::RemoveRole(const std::string& ns, const std::string& name) {
  WriterLock lock(mutex_);
  roles_.erase({ns, name});
}

void RoleTable::RemoveBinding(const std::string& ns, const std::string& name) {
  WriterLock lock(mutex_);
  bindings_.erase({ns, name});
}

namespace {

template <typename Entries>
void KeepOnly(Entries& entries, RoleTable::Scope scope, const std::set<RoleTable::Key>& named) {
  std::erase_if(entries, [&](const auto& entry) {
    const bool of_cluster = entry.first.first.empty();
    return of_cluster == (scope == RoleTable::Scope::kCluster) && !named.contains(entry.first);
  });
}

}  // namespace

void RoleTable::KeepOnlyRoles(Scope scope, const std::set<Key>& named) {
  WriterLock lock(mutex_);
  KeepOnly(roles_, scope, named);
}

void RoleTable::KeepOnlyBindings(Scope scope, const std::set<Key>& named) {
  WriterLock lock(mutex_);
  KeepOnly(bindings_, scope, named);
}

bool RoleTable::Visit(const User& user, const std::string& ns, const Visitor& visit) const {
  ReaderLock lock(mutex_);
  std::vector<std::string> places{""};
  if (!ns.empty()) places.push_back(ns);
  for (const std::string& place : places) {
    for (auto at = bindings_.lower_bound({place, ""});
         at != bindings_.end() && at->first.first == place; ++at) {
      const Binding& binding = at->second;
      const bool bound =
          std::any_of(binding.subjects.begin(), binding.subjects.end(),
                      [&user](const Subject& subject) { return Matches(subject, user); });
      if (!bound) continue;
      const auto role = roles_.find({binding.of_cluster_role ? "" : place, binding.role_name});
      if (role == roles_.end()) continue;
      for (const Rule& rule : role->second.rules) {
        if (visit(rule, binding)) return true;
      }
    }
  }
  return false;
}

}  // namespace kvplane::auth
