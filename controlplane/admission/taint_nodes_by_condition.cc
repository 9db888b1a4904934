// TaintNodesByCondition: a new node is tainted as not ready; the node controller takes the taint
// away when it is.
#include "admission/plugins.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";

class TaintNodesByCondition : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return attributes.IsCreate() && attributes.Is("", "nodes");
  }
  absl::Status Mutate(Attributes& attributes) override {
    bool tainted = false;
    kinds::ForEach(*attributes.object(), {"spec", "taints"}, [&](const json::Object& taint) {
      tainted |= kinds::Text(taint, {"key"}) == kNotReady &&
                 kinds::Text(taint, {"effect"}) == "NoSchedule";
    });
    if (tainted) return absl::OkStatus();
    json::Value& taints = kinds::Child(attributes.Edit(), "spec")["taints"];
    if (!taints.is_array()) taints = json::Array();
    taints.get_array().push_back(
        json::Object{{"key", json::ToBoost(kNotReady)}, {"effect", "NoSchedule"}});
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeTaintNodesByCondition() {
  return std::make_unique<TaintNodesByCondition>();
}

}  // namespace kvplane::admission
