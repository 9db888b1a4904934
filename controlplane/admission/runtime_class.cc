// RuntimeClass: a pod of a runtime class is charged what the runtime itself takes, and goes where
// the class says.
#include <string>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kMismatch =
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

class RuntimeClass : public Plugin {
 public:
  explicit RuntimeClass(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.IsCreate() && attributes.subresource.empty() && attributes.Is("", "pods");
  }

  absl::Status Mutate(Attributes& attributes) override {
    ASSIGN_OR_RETURN(const json::Object found, ClassOf(attributes));
    if (const json::Value* fixed = kinds::Find(found, {"overhead", "podFixed"})) {
      const json::Value* given = kinds::Find(*attributes.object(), {"spec", "overhead"});
      if (given != nullptr && !api::JsonEqual(*given, *fixed)) {
        return registry::Refuse(attributes, kMismatch);
      }
      kinds::Set(kinds::Child(attributes.Edit(), "spec"), "overhead", *fixed);
    }
    return SetScheduling(attributes, found);
  }

  absl::Status Validate(const Attributes& attributes) override {
    ASSIGN_OR_RETURN(const json::Object found, ClassOf(attributes));
    const json::Value* fixed = kinds::Find(found, {"overhead", "podFixed"});
    const json::Value* given = kinds::Find(*attributes.object(), {"spec", "overhead"});
    if (fixed == nullptr) {
      if (given == nullptr) return absl::OkStatus();
      return registry::Refuse(
          attributes,
          "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
    if (given != nullptr && api::JsonEqual(*given, *fixed)) return absl::OkStatus();
    return registry::Refuse(attributes, kMismatch);
  }

 private:
  // An empty object where the pod names none.
  absl::StatusOr<json::Object> ClassOf(const Attributes& attributes) {
    const std::string_view name = Text(*attributes.object(), {"spec", "runtimeClassName"});
    if (name.empty()) return json::Object();
    auto found = Find(registry_, BuiltIn("node.k8s.io/v1", "runtimeclasses"), "", name);
    if (registry::HasReason(found.status(), "NotFound")) {
      return registry::Refuse(attributes,
                              Concat("pod rejected: RuntimeClass \"", name, "\" not found"));
    }
    return found;
  }

  static absl::Status SetScheduling(Attributes& attributes, const json::Object& found) {
    if (const json::Object* selector = kinds::FindObject(found, {"scheduling", "nodeSelector"})) {
      json::Object& own = kinds::Child(kinds::Child(attributes.Edit(), "spec"), "nodeSelector");
      for (const auto& [key, value] : *selector) {
        const std::string_view name = json::View(key);
        const std::string_view given = Text(own, {name});
        const std::string wanted = kinds::Plain(value);
        if (own.contains(key) && given != wanted) {
          return registry::Refuse(
              attributes, Concat("conflict: runtimeClass.scheduling.nodeSelector[", name,
                                 "] = ", wanted, "; pod.spec.nodeSelector[", name, "] = ", given));
        }
        own[key] = value;
      }
    }
    if (const json::Array* tolerations = kinds::FindArray(found, {"scheduling", "tolerations"})) {
      json::Value& own = kinds::Child(attributes.Edit(), "spec")["tolerations"];
      if (!own.is_array()) own = json::Array();
      for (const json::Value& one : *tolerations) {
        bool there = false;
        for (const json::Value& held : own.get_array()) there |= api::JsonEqual(held, one);
        if (!there) own.get_array().push_back(one);
      }
    }
    return absl::OkStatus();
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakeRuntimeClass(registry::Registry& registry) {
  return std::make_unique<RuntimeClass>(registry);
}

}  // namespace kvplane::admission
