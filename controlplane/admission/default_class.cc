// DefaultStorageClass and DefaultIngressClass: a claim that names no class gets the default one, a
// new ingress likewise.
#include <string>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "base/status.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

class DefaultStorageClass : public Plugin {
 public:
  explicit DefaultStorageClass(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.IsCreate() && attributes.Is("", "persistentvolumeclaims");
  }
  absl::Status Mutate(Attributes& attributes) override {
    const json::Object& claim = *attributes.object();
    // An empty name is one: that of no class.
    if (kinds::Has(claim, {"spec", "storageClassName"}) ||
        kinds::Has(claim, {"metadata", "annotations", "volume.beta.kubernetes.io/storage-class"})) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string name,
                     FindDefault(registry_, BuiltIn("storage.k8s.io/v1", "storageclasses"),
                                 {"storageclass.kubernetes.io/is-default-class",
                                  "storageclass.beta.kubernetes.io/is-default-class"}));
    if (name.empty()) return absl::OkStatus();
    kinds::Set(kinds::Child(attributes.Edit(), "spec"), "storageClassName",
               json::Value(json::ToBoost(name)));
    return absl::OkStatus();
  }

 private:
  registry::Registry& registry_;
};

class DefaultIngressClass : public Plugin {
 public:
  explicit DefaultIngressClass(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.IsCreate() && attributes.Is("networking.k8s.io", "ingresses");
  }
  absl::Status Mutate(Attributes& attributes) override {
    const json::Object& ingress = *attributes.object();
    if (kinds::Has(ingress, {"spec", "ingressClassName"}) ||
        kinds::Has(ingress, {"metadata", "annotations", "kubernetes.io/ingress.class"})) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string name,
                     FindDefault(registry_, BuiltIn("networking.k8s.io/v1", "ingressclasses"),
                                 {"ingressclass.kubernetes.io/is-default-class"}));
    if (name.empty()) return absl::OkStatus();
    kinds::Set(kinds::Child(attributes.Edit(), "spec"), "ingressClassName",
               json::Value(json::ToBoost(name)));
    return absl::OkStatus();
  }

 private:
  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakeDefaultStorageClass(registry::Registry& registry) {
  return std::make_unique<DefaultStorageClass>(registry);
}
std::unique_ptr<Plugin> MakeDefaultIngressClass(registry::Registry& registry) {
  return std::make_unique<DefaultIngressClass>(registry);
}

}  // namespace kvplane::admission
