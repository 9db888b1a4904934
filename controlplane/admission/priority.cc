// Priority: a pod's priority is the number of its priority class, which it cannot choose itself.
#include <string>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kPreempting = "PreemptLowerPriority";

class Priority : public Plugin {
 public:
  explicit Priority(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    if (!attributes.subresource.empty()) return false;
    if (!attributes.IsCreate() && !attributes.IsUpdate()) return false;
    return attributes.Is("", "pods") || attributes.Is("scheduling.k8s.io", "priorityclasses");
  }

  absl::Status Mutate(Attributes& attributes) override {
    if (!attributes.Is("", "pods")) return absl::OkStatus();
    return attributes.IsCreate() ? SetPriority(attributes) : KeepPriority(attributes);
  }

  absl::Status Validate(const Attributes& attributes) override {
    if (attributes.Is("", "pods") || !kinds::True(*attributes.object(), {"globalDefault"})) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const json::Object held, DefaultClass());
    const std::string_view name = Text(held, {"metadata", "name"});
    if (name.empty() || name == Text(*attributes.object(), {"metadata", "name"})) {
      return absl::OkStatus();
    }
    return registry::Refuse(attributes,
                            Concat("PriorityClass ", name,
                                   " is already marked as default. Only one default can exist"));
  }

 private:
  // The class that pods of no class are of; an empty object where there is none.
  absl::StatusOr<json::Object> DefaultClass() {
    ASSIGN_OR_RETURN(const auto classes,
                     ListCached(registry_, BuiltIn("scheduling.k8s.io/v1", "priorityclasses"), ""));
    json::Object lowest;
    for (const auto& object : classes) {
      json::Object one = object->Parse();
      if (!kinds::True(one, {"globalDefault"})) continue;
      if (lowest.empty() || kinds::Integer(one, {"value"}) < kinds::Integer(lowest, {"value"})) {
        lowest = std::move(one);
      }
    }
    return lowest;
  }

  absl::StatusOr<json::Object> ClassOf(const Attributes& attributes, std::string_view name) {
    auto found = Find(registry_, BuiltIn("scheduling.k8s.io/v1", "priorityclasses"), "", name);
    if (registry::HasReason(found.status(), "NotFound")) {
      return registry::Refuse(attributes,
                              Concat("no PriorityClass with name ", name, " was found"));
    }
    return found;
  }

  absl::Status SetPriority(Attributes& attributes) {
    const json::Object& pod = *attributes.object();
    const std::string name(Text(pod, {"spec", "priorityClassName"}));
    json::Object chosen;
    if (name.empty()) {
      ASSIGN_OR_RETURN(chosen, DefaultClass());
    } else {
      ASSIGN_OR_RETURN(chosen, ClassOf(attributes, name));
    }
    const int64_t value = kinds::Integer(chosen, {"value"});
    std::string policy(Text(chosen, {"preemptionPolicy"}));
    if (policy.empty()) policy = kPreempting;
    if (kinds::Has(pod, {"spec", "priority"}) &&
        kinds::Integer(pod, {"spec", "priority"}) != value) {
      return registry::Refuse(
          attributes,
          Concat("the integer value of priority (", kinds::Integer(pod, {"spec", "priority"}),
                 ") must not be provided in pod spec; priority admission controller "
                 "computed ",
                 value, " from the given PriorityClass name"));
    }
    const std::string_view given = Text(pod, {"spec", "preemptionPolicy"});
    if (!given.empty() && given != policy) {
      return registry::Refuse(
          attributes, Concat("the string value of PreemptionPolicy (", given,
                             ") must not be provided in pod spec; priority admission controller "
                             "computed ",
                             policy, " from the given PriorityClass name"));
    }
    json::Object& spec = kinds::Child(attributes.Edit(), "spec");
    if (name.empty() && !chosen.empty()) {
      kinds::Set(spec, "priorityClassName", json::ToBoost(Text(chosen, {"metadata", "name"})));
    }
    kinds::Set(spec, "priority", value);
    kinds::Set(spec, "preemptionPolicy", json::ToBoost(policy));
    return absl::OkStatus();
  }

  // A client that knows nothing of priorities does not take them away.
  static absl::Status KeepPriority(Attributes& attributes) {
    const json::Object& old = *attributes.old;
    if (Text(old, {"spec", "priorityClassName"}) !=
        Text(*attributes.object(), {"spec", "priorityClassName"})) {
      return absl::OkStatus();
    }
    for (const std::string_view member : {"priority", "preemptionPolicy"}) {
      const json::Value* held = kinds::Find(old, {"spec", member});
      if (held == nullptr || kinds::Has(*attributes.object(), {"spec", member})) continue;
      kinds::Set(kinds::Child(attributes.Edit(), "spec"), member, *held);
    }
    return absl::OkStatus();
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakePriority(registry::Registry& registry) {
  return std::make_unique<Priority>(registry);
}

}  // namespace kvplane::admission
