#include "auth/default_roles.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/default_roles_table.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using kvshim::base::Concat;
using kvshim::base::SplitList;

constexpr std::string_view kApiVersion = "rbac.authorization.k8s.io/v1";
constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

json::Array List(std::string_view text) {
  json::Array list;
  for (const std::string_view part : SplitList(text, ',')) {
    list.emplace_back(json::ToBoost(part == "core" ? "" : part));
  }
  return list;
}

std::string AggregationLabel(std::string_view role) {
  return Concat("rbac.authorization.k8s.io/aggregate-to-", role);
}

json::Object Document(std::string_view kind, std::string_view ns, std::string_view name) {
  json::Object metadata{
      {"name", json::ToBoost(name)},
      {"annotations", json::Object{{"rbac.authorization.kubernetes.io/autoupdate", "true"}}},
      {"labels", json::Object{{"kubernetes.io/bootstrapping", "rbac-defaults"}}}};
  if (!ns.empty()) metadata["namespace"] = json::ToBoost(ns);
  return {{"apiVersion", json::ToBoost(kApiVersion)},
          {"kind", json::ToBoost(kind)},
          {"metadata", std::move(metadata)}};
}

json::Object RuleOf(const std::vector<std::string_view>& words) {
  json::Object rule{{"verbs", List(words[0])}};
  if (words[1] == "path") {
    rule["nonResourceURLs"] = List(words[2]);
    return rule;
  }
  rule["apiGroups"] = List(words[1]);
  rule["resources"] = List(words[2]);
  if (words.size() > 3) rule["resourceNames"] = List(words[3]);
  return rule;
}

json::Array SubjectsOf(std::string_view text) {
  json::Array subjects;
  for (const std::string_view one : SplitList(text, ',')) {
    if (one == "-") continue;
    const std::string_view name = one.substr(2);
    if (one.front() == 'S') {
      const size_t slash = name.find('/');
      subjects.push_back(json::Object{{"kind", "ServiceAccount"},
                                      {"name", json::ToBoost(name.substr(slash + 1))},
                                      {"namespace", json::ToBoost(name.substr(0, slash))}});
    } else {
      subjects.push_back(json::Object{{"kind", one.front() == 'G' ? "Group" : "User"},
                                      {"apiGroup", json::ToBoost(kGroup)},
                                      {"name", json::ToBoost(name)}});
    }
  }
  return subjects;
}

json::Object BindingOf(std::string_view ns, std::string_view name, std::string_view role_kind,
                       std::string_view role, std::string_view subjects) {
  json::Object binding = Document(ns.empty() ? "ClusterRoleBinding" : "RoleBinding", ns, name);
  binding["roleRef"] = json::Object{{"apiGroup", json::ToBoost(kGroup)},
                                    {"kind", json::ToBoost(role_kind)},
                                    {"name", json::ToBoost(role)}};
  if (json::Array list = SubjectsOf(subjects); !list.empty()) binding["subjects"] = std::move(list);
  return binding;
}

class TableReader {
 public:
  std::vector<json::Object> Read(std::string_view table) {
    for (const std::string_view line : SplitList(table, '\n')) Take(SplitList(line, ' '));
    return std::move(documents_);
  }

 private:
  void Take(const std::vector<std::string_view>& words) {
    if (words[0] == "role") {
      Begin(Document("ClusterRole", "", words[1]));
      if (words.size() > 3) AggregateTo(words[3]);
    } else if (words[0] == "local") {
      Begin(Document("Role", words[1], words[2]));
    } else if (words[0] == "aggregate") {
      Begin(Document("ClusterRole", "", words[1]));
      Aggregate(words[1]);
    } else if (words[0] == "bind") {
      documents_.push_back(BindingOf("", words[1], "ClusterRole", words[2], words[3]));
    } else if (words[0] == "bindin") {
      documents_.push_back(BindingOf(words[1], words[2], words[3], words[4], words[5]));
    } else {
      const json::Object rule = RuleOf(words);
      documents_.back()["rules"].as_array().push_back(rule);
      if (!to_.empty()) aggregated_[to_].push_back(rule);
    }
  }

  void Begin(json::Object document) {
    to_.clear();
    document["rules"] = json::Array();
    documents_.push_back(std::move(document));
  }

  // What may edit may view, and what is admin may edit.
  void AggregateTo(std::string_view role) {
    to_ = role;
    json::Object& labels = documents_.back()["metadata"].as_object()["labels"].as_object();
    labels[json::ToBoost(AggregationLabel(role))] = "true";
  }

  void Aggregate(std::string_view role) {
    json::Object& document = documents_.back();
    document["aggregationRule"] = json::Object{
        {"clusterRoleSelectors",
         json::Array{json::Object{
             {"matchLabels", json::Object{{json::ToBoost(AggregationLabel(role)), "true"}}}}}}};
    document["rules"] = aggregated_[std::string(role)];
    const std::string above = role == "view" ? "edit" : role == "edit" ? "admin" : "";
    if (above.empty()) return;
    json::Object& labels = document["metadata"].as_object()["labels"].as_object();
    labels[json::ToBoost(AggregationLabel(above))] = "true";
    json::Array& taken = aggregated_[above];
    const json::Array& own = document["rules"].as_array();
    taken.insert(taken.end(), own.begin(), own.end());
  }

  std::vector<json::Object> documents_;
  std::string to_;  // the role that the rules of this one are aggregated to
  std::map<std::string, json::Array> aggregated_;
};

}  // namespace

std::vector<json::Object> DefaultRoles() { return TableReader().Read(kDefaultRoles); }

void PutDocument(RoleTable& table, std::string_view kind, const json::Object& document) {
  if (kind.ends_with("Binding")) {
    table.Put(BindingFromDocument(document));
  } else {
    table.Put(RoleFromDocument(document));
  }
}

void RemoveDocument(RoleTable& table, std::string_view kind, const json::Object& document) {
  const Role named = RoleFromDocument(document);
  if (kind.ends_with("Binding")) {
    table.RemoveBinding(named.ns, named.name);
  } else {
    table.RemoveRole(named.ns, named.name);
  }
}

}  // namespace kvplane::auth
