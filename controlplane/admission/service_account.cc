// ServiceAccount: every pod runs as a service account of its namespace, "default" where it names
// none, with a volume that holds a token for the API, the cluster's certificate and the namespace.
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/identity.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kDefault = "default";
constexpr std::string_view kMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kVolumePrefix = "kube-api-access-";
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
// An hour, and seven seconds by which Kubernetes tells such a token from others.
constexpr int64_t kTokenSeconds = 3607;
// A namespace's default account is made by a controller soon after the namespace.
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kPause{150};

json::Object TokenVolume(std::string_view name) {
  const json::Object token{{"serviceAccountToken",
                            json::Object{{"expirationSeconds", kTokenSeconds}, {"path", "token"}}}};
  const json::Object certificate{
      {"configMap",
       json::Object{{"name", "kube-root-ca.crt"},
                    {"items", json::Array{json::Object{{"key", "ca.crt"}, {"path", "ca.crt"}}}}}}};
  const json::Object name_space{
      {"downwardAPI",
       json::Object{
           {"items", json::Array{json::Object{
                         {"path", "namespace"},
                         {"fieldRef", json::Object{{"apiVersion", "v1"},
                                                   {"fieldPath", "metadata.namespace"}}}}}}}}};
  return {{"name", json::ToBoost(name)},
          {"projected", json::Object{{"sources", json::Array{token, certificate, name_space}},
                                     {"defaultMode", 420}}}};
}

bool MountsAtTokenPath(const json::Object& container) {
  bool mounts = false;
  kinds::ForEach(container, {"volumeMounts"}, [&](const json::Object& mount) {
    mounts |= Text(mount, {"mountPath"}) == kMountPath;
  });
  return mounts;
}

class ServiceAccount : public Plugin {
 public:
  explicit ServiceAccount(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.Is("", "pods") &&
           ((attributes.IsCreate() && attributes.subresource.empty()) ||
            attributes.subresource == "ephemeralcontainers");
  }

  absl::Status Mutate(Attributes& attributes) override {
    if (!attributes.IsCreate()) return absl::OkStatus();
    const json::Object& pod = *attributes.object();
    if (kinds::Has(pod, {"metadata", "annotations", kMirror})) return CheckMirror(attributes);
    std::string name(Text(pod, {"spec", "serviceAccountName"}));
    if (name.empty()) {
      name = kDefault;
      json::Object& spec = kinds::Child(attributes.Edit(), "spec");
      kinds::Set(spec, "serviceAccountName", json::ToBoost(name));
      kinds::Set(spec, "serviceAccount", json::ToBoost(name));
    }
    ASSIGN_OR_RETURN(const json::Object account, AccountOf(attributes, name));
    if (WantsToken(account, pod)) MountToken(attributes);
    const json::Array* secrets = kinds::FindArray(account, {"imagePullSecrets"});
    const json::Array* own = kinds::FindArray(pod, {"spec", "imagePullSecrets"});
    if (secrets != nullptr && !secrets->empty() && (own == nullptr || own->empty())) {
      kinds::Set(kinds::Child(attributes.Edit(), "spec"), "imagePullSecrets", *secrets);
    }
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& attributes) override {
    const json::Object& pod = *attributes.object();
    if (kinds::Has(pod, {"metadata", "annotations", kMirror})) return absl::OkStatus();
    ASSIGN_OR_RETURN(const json::Object account,
                     AccountOf(attributes, Text(pod, {"spec", "serviceAccountName"})));
    if (Text(account, {"metadata", "annotations", "kubernetes.io/enforce-mountable-secrets"}) !=
        "true") {
      return absl::OkStatus();
    }
    return CheckSecrets(attributes, account, pod);
  }

 private:
  static absl::Status CheckMirror(const Attributes& attributes) {
    const json::Object& pod = *attributes.object();
    if (!Text(pod, {"spec", "serviceAccountName"}).empty()) {
      return registry::Refuse(attributes, "a mirror pod may not reference service accounts");
    }
    std::string_view fault;
    kinds::ForEach(pod, {"spec", "volumes"}, [&](const json::Object& volume) {
      if (volume.contains("secret")) fault = "a mirror pod may not reference secrets";
      kinds::ForEach(volume, {"projected", "sources"}, [&](const json::Object& source) {
        if (source.contains("serviceAccountToken")) {
          fault = "a mirror pod may not use ServiceAccountToken volume projections";
        }
      });
    });
    return fault.empty() ? absl::OkStatus() : registry::Refuse(attributes, fault);
  }

  absl::StatusOr<json::Object> AccountOf(const Attributes& attributes, std::string_view name) {
    const kinds::Kind& kind = BuiltIn("v1", "serviceaccounts");
    const int tries = name == kDefault ? kTries : 1;
    absl::StatusOr<json::Object> account = Find(registry_, kind, attributes.name_space, name);
    for (int i = 1; i < tries && registry::HasReason(account.status(), "NotFound"); ++i) {
      std::this_thread::sleep_for(kPause);
      account = registry_.Get(kind, attributes.name_space, name);
    }
    if (account.ok()) return account;
    const std::string why = registry::HasReason(account.status(), "NotFound")
                                ? Concat("serviceaccount \"", name, "\" not found")
                                : registry::FailureOf(account.status()).message;
    return registry::Refuse(attributes, Concat("error looking up service account ",
                                               attributes.name_space, "/", name, ": ", why));
  }

  // The pod's own word comes first, then the account's.
  static bool WantsToken(const json::Object& account, const json::Object& pod) {
    for (const json::Value* say : {kinds::Find(pod, {"spec", "automountServiceAccountToken"}),
                                   kinds::Find(account, {"automountServiceAccountToken"})}) {
      if (say != nullptr && say->is_bool()) return say->get_bool();
    }
    return true;
  }

  static void MountToken(Attributes& attributes) {
    json::Object& spec = kinds::Child(attributes.Edit(), "spec");
    std::string volume;
    kinds::ForEach(spec, {"volumes"}, [&](const json::Object& one) {
      if (Text(one, {"name"}).starts_with(kVolumePrefix)) volume = Text(one, {"name"});
    });
    const bool there = !volume.empty();
    if (!there) volume = registry::GenerateName(kVolumePrefix);
    bool needed = false;
    for (const std::string_view list : {"initContainers", "containers"}) {
      kinds::ForEach(spec, {list}, [&](json::Object& container) {
        // A mount of its own at that path is left alone.
        if (MountsAtTokenPath(container)) return;
        json::Value& mounts = container["volumeMounts"];
        if (!mounts.is_array()) mounts = json::Array();
        mounts.get_array().push_back(json::Object{{"name", json::ToBoost(volume)},
                                                  {"readOnly", true},
                                                  {"mountPath", json::ToBoost(kMountPath)}});
        needed = true;
      });
    }
    if (there || !needed) return;
    json::Value& volumes = spec["volumes"];
    if (!volumes.is_array()) volumes = json::Array();
    volumes.get_array().push_back(TokenVolume(volume));
  }

  // Accounts marked so let their pods use only the secrets they list.
  static absl::Status CheckSecrets(const Attributes& attributes, const json::Object& account,
                                   const json::Object& pod) {
    const std::string name(Text(account, {"metadata", "name"}));
    std::set<std::string_view> mountable;
    kinds::ForEach(account, {"secrets"},
                   [&](const json::Object& secret) { mountable.insert(Text(secret, {"name"})); });
    std::string fault;
    kinds::ForEach(pod, {"spec", "volumes"}, [&](const json::Object& volume) {
      const std::string_view secret = Text(volume, {"secret", "secretName"});
      if (!fault.empty() || secret.empty() || mountable.contains(secret)) return;
      fault = Concat("volume with secret.secretName=\"", secret,
                     "\" is not allowed because service account ", name,
                     " does not reference that secret");
    });
    for (const auto& [list, noun] :
         {std::pair{"initContainers", "init container"}, std::pair{"containers", "container"},
          std::pair{"ephemeralContainers", "ephemeral container"}}) {
      const std::string_view what = noun;
      kinds::ForEach(pod, {"spec", list}, [&](const json::Object& container) {
        kinds::ForEach(container, {"env"}, [&](const json::Object& variable) {
          const std::string_view secret = Text(variable, {"valueFrom", "secretKeyRef", "name"});
          if (!fault.empty() || secret.empty() || mountable.contains(secret)) return;
          fault = Concat(what, " ", Text(container, {"name"}), " with envVar ",
                         Text(variable, {"name"}), " referencing secret.secretName=\"", secret,
                         "\" is not allowed because service account ", name,
                         " does not reference that secret");
        });
      });
    }
    return fault.empty() ? absl::OkStatus() : registry::Refuse(attributes, fault);
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakeServiceAccount(registry::Registry& registry) {
  return std::make_unique<ServiceAccount>(registry);
}

}  // namespace kvplane::admission
