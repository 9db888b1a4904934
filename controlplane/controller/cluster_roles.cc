#include "controller/cluster_roles.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/label_selector.h"
#include "base/status.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

bool Aggregates(const json::Object& role) {
  return kinds::FindArray(role, {"aggregationRule", "clusterRoleSelectors"}) != nullptr;
}

}  // namespace

ClusterRoleAggregator::ClusterRoleAggregator(Environment& environment)
    : Controller(environment, {.name = "clusterrole-aggregation-controller", .concurrency = 5}),
      roles_(environment.informers.Of("rbac.authorization.k8s.io/v1", "clusterroles")) {
  // Any role may be one that others take from.
  roles_.AddHandler([this](const Change& change) {
    if (!change.deleted() && Aggregates(change.document())) queue().Add(change.key());
    for (const StoredObjectPtr& role : roles_.List()) {
      if (role->json().find("\"aggregationRule\"") != std::string::npos) {
        queue().Add(std::string(roles_.KeyOf(*role)));
      }
    }
  });
}

absl::Status ClusterRoleAggregator::Sync(const std::string& key) {
  const StoredObjectPtr known = roles_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  json::Object role = known->Parse();
  if (!Aggregates(role)) return absl::OkStatus();
  json::Array rules;
  for (const json::Value& one :
       *kinds::FindArray(role, {"aggregationRule", "clusterRoleSelectors"})) {
    ASSIGN_OR_RETURN(const api::LabelSelector selector, api::LabelSelector::FromJson(one));
    for (const StoredObjectPtr& other : roles_.List()) {
      if (other == known || !selector.Matches(other->labels())) continue;
      const json::Object document = other->Parse();
      kinds::ForEach(document, {"rules"}, [&](const json::Object& rule) {
        if (std::find(rules.begin(), rules.end(), json::Value(rule)) == rules.end()) {
          rules.emplace_back(rule);
        }
      });
    }
  }
  const json::Array* held = kinds::FindArray(role, {"rules"});
  if (held == nullptr ? rules.empty() : *held == rules) return absl::OkStatus();
  role["rules"] = std::move(rules);
  const absl::Status written = client().Update(roles_.kind(), std::move(role)).status();
  return registry::HasReason(written, "NotFound") ? absl::OkStatus() : written;
}

}  // namespace kvplane::controller
