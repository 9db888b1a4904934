// DefaultTolerationSeconds: a pod that says nothing of it stays for five minutes on a node that is
// not ready or not reachable, and is evicted then.
#include <string_view>

#include "admission/plugins.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

using kinds::Text;

constexpr int64_t kSeconds = 300;

class DefaultTolerationSeconds : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return (attributes.IsCreate() || attributes.IsUpdate()) && attributes.subresource.empty() &&
           attributes.Is("", "pods");
  }
  absl::Status Mutate(Attributes& attributes) override {
    for (const std::string_view key :
         {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
      if (!Tolerates(*attributes.object(), key)) Tolerate(attributes.Edit(), key);
    }
    return absl::OkStatus();
  }

 private:
  static bool Tolerates(const json::Object& pod, std::string_view taint) {
    bool tolerates = false;
    kinds::ForEach(pod, {"spec", "tolerations"}, [&](const json::Object& toleration) {
      const std::string_view key = Text(toleration, {"key"});
      const std::string_view effect = Text(toleration, {"effect"});
      tolerates |= (key == taint || key.empty()) && (effect == "NoExecute" || effect.empty());
    });
    return tolerates;
  }
  static void Tolerate(json::Object& pod, std::string_view taint) {
    json::Value& tolerations = kinds::Child(pod, "spec")["tolerations"];
    if (!tolerations.is_array()) tolerations = json::Array();
    tolerations.get_array().push_back(json::Object{{"key", json::ToBoost(taint)},
                                                   {"operator", "Exists"},
                                                   {"effect", "NoExecute"},
                                                   {"tolerationSeconds", kSeconds}});
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeDefaultTolerationSeconds() {
  return std::make_unique<DefaultTolerationSeconds>();
}

}  // namespace kvplane::admission
