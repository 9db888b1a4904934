#include "controller/service_accounts.h"

#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr char kDefault[] = "default";
constexpr char kRootCa[] = "kube-root-ca.crt";
constexpr char kDescription[] =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
    "guaranteed across distributions of Kubernetes clusters.";

// Each namespace when it comes, and again when the object of that name in it changes or goes.
void Follow(Informer& namespaces, Informer& objects, std::string_view name, WorkQueue& queue) {
  namespaces.AddHandler([&queue](const Change& change) {
    if (change.added()) queue.Add(change.key());
  });
  objects.AddHandler([&queue, name](const Change& change) {
    const size_t slash = change.key().find('/');
    if (!change.added() && std::string_view(change.key()).substr(slash + 1) == name) {
      queue.Add(change.key().substr(0, slash));
    }
  });
}

// Nothing may be created in a namespace that goes.
bool IsActive(const Informer& namespaces, const std::string& name) {
  const StoredObjectPtr known = namespaces.Get(name);
  return known != nullptr && !kinds::Has(known->Parse(), {"metadata", "deletionTimestamp"});
}

absl::Status UnlessInVain(const absl::Status& status) {
  const bool in_vain = registry::HasReason(status, "AlreadyExists") ||
                       registry::HasReason(status, "NotFound") ||
                       (registry::HasReason(status, "Forbidden") &&
                        status.message().find("being terminated") != absl::string_view::npos);
  return in_vain ? absl::OkStatus() : status;
}

}  // namespace

ServiceAccountController::ServiceAccountController(Environment& environment)
    : Controller(environment, {.name = "service-account-controller"}),
      namespaces_(environment.informers.Of("v1", "namespaces")),
      accounts_(environment.informers.Of("v1", "serviceaccounts")) {
  Follow(namespaces_, accounts_, kDefault, queue());
}

absl::Status ServiceAccountController::Sync(const std::string& key) {
  if (!IsActive(namespaces_, key) || accounts_.Get(Concat(key, "/", kDefault)) != nullptr) {
    return absl::OkStatus();
  }
  return UnlessInVain(
      client()
          .Create(accounts_.kind(),
                  {{"metadata", json::Object{{"name", kDefault}, {"namespace", key}}}})
          .status());
}

RootCaPublisher::RootCaPublisher(Environment& environment)
    : Controller(environment, {.name = "root-ca-cert-publisher"}),
      namespaces_(environment.informers.Of("v1", "namespaces")),
      config_maps_(environment.informers.Of("v1", "configmaps")) {
  Follow(namespaces_, config_maps_, kRootCa, queue());
}

absl::Status RootCaPublisher::Sync(const std::string& key) {
  if (!IsActive(namespaces_, key)) return absl::OkStatus();
  const json::Object data{{"ca.crt", json::ToBoost(environment().cluster.server_ca.certificate)}};
  const StoredObjectPtr known = config_maps_.Get(Concat(key, "/", kRootCa));
  if (known == nullptr) {
    json::Object metadata{
        {"name", kRootCa},
        {"namespace", key},
        {"annotations", json::Object{{"kubernetes.io/description", kDescription}}}};
    return UnlessInVain(
        client()
            .Create(config_maps_.kind(), {{"metadata", std::move(metadata)}, {"data", data}})
            .status());
  }
  json::Object object = known->Parse();
  const json::Object* held = kinds::FindObject(object, {"data"});
  if (held != nullptr && *held == data &&
      Text(object, {"metadata", "annotations", "kubernetes.io/description"}) == kDescription) {
    return absl::OkStatus();
  }
  object["data"] = data;
  kinds::Set(kinds::Child(kinds::Child(object, "metadata"), "annotations"),
             "kubernetes.io/description", kDescription);
  return UnlessInVain(client().Update(config_maps_.kind(), std::move(object)).status());
}

}  // namespace kvplane::controller
