#include "controller/quota.h"

#include <chrono>
#include <set>
#include <utility>

#include "base/status.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::controller {

namespace {

using kinds::Text;

bool HasEnded(const json::Object& pod) {
  const std::string_view phase = Text(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

QuotaController::QuotaController(Environment& environment)
    : Controller(environment, {.name = "resourcequota-controller", .concurrency = 5}),
      rules_(environment.quota_rules),
      quotas_(environment.informers.Of("v1", "resourcequotas")) {
  quotas_.AddHandler([this](const Change& change) {
    if (!change.deleted()) queue().Add(change.key());
  });
  for (const kinds::Kind& kind : environment.kinds.kinds()) {
    if (kind.namespaced && kind.plural != "events") Follow(kind);
  }
}

// What goes counts no more, and what is changed may count less.
void QuotaController::Follow(const kinds::Kind& kind) {
  const bool is_pods = kind.group.empty() && kind.plural == "pods";
  const bool changes = is_pods || (kind.group.empty() && (kind.plural == "services" ||
                                                          kind.plural == "persistentvolumeclaims"));
  environment().informers.Of(kind).AddHandler([this, is_pods, changes](const Change& change) {
    if (change.added() || !(change.deleted() || changes)) return;
    const auto quotas = quotas_.List(change.key().substr(0, change.key().find('/')));
    if (quotas.empty()) return;
    // Pods change all the time; they count less when they have ended.
    if (is_pods && !change.deleted() &&
        HasEnded(change.document()) == HasEnded(change.old_document())) {
      return;
    }
    for (const StoredObjectPtr& quota : quotas) queue().Add(std::string(quotas_.KeyOf(*quota)));
  });
}

absl::StatusOr<json::Object> QuotaController::Used(const json::Object& quota,
                                                   const json::Object& hard) {
  std::set<const kinds::Kind*> counted;
  QuotaRules::Amounts used;
  for (const auto& member : hard) {
    const std::string_view resource(member.key().data(), member.key().size());
    const kinds::Kind* kind = rules_.kind_counted(resource, environment().kinds);
    if (kind == nullptr) continue;
    counted.insert(kind);
    used.emplace(resource, api::Quantity());
  }
  registry::Registry& registry = environment().registry;
  ASSIGN_OR_RETURN(const int64_t revision, registry.CurrentRevision());
  for (const kinds::Kind* kind : counted) {
    const std::string prefix = registry::PrefixOf(*kind, Text(quota, {"metadata", "namespace"}));
    ASSIGN_OR_RETURN(const auto snapshot, registry.CacheOf(*kind).List(prefix, revision));
    for (const StoredObjectPtr& stored : snapshot.objects) {
      const json::Object object = stored->Parse();
      if (!rules_.is_in_scope(quota, *kind, object)) continue;
      for (const auto& [resource, amount] : rules_.usage_of(*kind, object)) {
        const auto found = used.find(resource);
        if (found != used.end()) found->second += amount;
      }
    }
  }
  json::Object document;
  for (const auto& [resource, amount] : used) document[resource] = amount.ToString();
  return document;
}

absl::Status QuotaController::Sync(const std::string& key) {
  const size_t slash = key.find('/');
  const auto quota = client().Get(quotas_.kind(), key.substr(0, slash), key.substr(slash + 1));
  if (registry::HasReason(quota.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(quota.status());
  const json::Object* told = kinds::FindObject(*quota, {"spec", "hard"});
  const json::Object hard = told == nullptr ? json::Object() : *told;
  ASSIGN_OR_RETURN(json::Object used, Used(*quota, hard));
  json::Object object = *quota;
  json::Object& status = kinds::Child(object, "status");
  status["hard"] = hard;
  status["used"] = std::move(used);
  const absl::Status written =
      client().UpdateFrom(quotas_.kind(), *quota, std::move(object), "status").status();
  return registry::HasReason(written, "NotFound") ? absl::OkStatus() : written;
}

}  // namespace kvplane::controller
