// PersistentVolumeClaimResize: a claim's request grows only where its storage class allows that.
#include <string>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "api/quantity.h"
#include "base/status.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

using kinds::Text;

class PersistentVolumeClaimResize : public Plugin {
 public:
  explicit PersistentVolumeClaimResize(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.IsUpdate() && attributes.subresource.empty() &&
           attributes.Is("", "persistentvolumeclaims");
  }
  absl::Status Validate(const Attributes& attributes) override {
    const auto before = api::Quantity::Parse(Requested(*attributes.old));
    const auto after = api::Quantity::Parse(Requested(*attributes.object()));
    if (!before.ok() || !after.ok() || *after <= *before) return absl::OkStatus();
    if (Text(*attributes.old, {"status", "phase"}) != "Bound") {
      return registry::Refuse(attributes, "Only bound persistent volume claims can be expanded");
    }
    const std::string_view name = Text(*attributes.object(), {"spec", "storageClassName"});
    if (!name.empty()) {
      const auto found = Find(registry_, BuiltIn("storage.k8s.io/v1", "storageclasses"), "", name);
      if (found.ok() && kinds::True(*found, {"allowVolumeExpansion"})) return absl::OkStatus();
    }
    return registry::Refuse(attributes,
                            "only dynamically provisioned pvc can be resized and the storageclass "
                            "that provisions the pvc must support resize");
  }

 private:
  static std::string_view Requested(const json::Object& claim) {
    return Text(claim, {"spec", "resources", "requests", "storage"});
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakePersistentVolumeClaimResize(registry::Registry& registry) {
  return std::make_unique<PersistentVolumeClaimResize>(registry);
}

}  // namespace kvplane::admission
