// StorageObjectInUseProtection: new claims and volumes carry the finalizer that keeps them while
// they are in use.
#include <string_view>

#include "admission/plugins.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

class StorageObjectInUseProtection : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return attributes.IsCreate() && !FinalizerOf(attributes).empty();
  }
  absl::Status Mutate(Attributes& attributes) override {
    const std::string_view finalizer = FinalizerOf(attributes);
    if (const json::Array* held =
            kinds::FindArray(*attributes.object(), {"metadata", "finalizers"})) {
      for (const json::Value& one : *held) {
        if (kinds::Plain(one) == finalizer) return absl::OkStatus();
      }
    }
    json::Value& finalizers = kinds::Child(attributes.Edit(), "metadata")["finalizers"];
    if (!finalizers.is_array()) finalizers = json::Array();
    finalizers.get_array().push_back(json::ToBoost(finalizer));
    return absl::OkStatus();
  }

 private:
  static std::string_view FinalizerOf(const Attributes& attributes) {
    if (attributes.Is("", "persistentvolumeclaims")) return "kubernetes.io/pvc-protection";
    if (attributes.Is("", "persistentvolumes")) return "kubernetes.io/pv-protection";
    if (attributes.Is("storage.k8s.io", "volumeattributesclasses")) {
      return "kubernetes.io/vac-protection";
    }
    return "";
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeStorageObjectInUseProtection() {
  return std::make_unique<StorageObjectInUseProtection>();
}

}  // namespace kvplane::admission
