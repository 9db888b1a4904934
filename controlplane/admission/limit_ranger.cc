// LimitRanger: a namespace's LimitRanges fill in what containers leave out of their requests and
// limits, and bound what containers, pods and claims may ask for.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "admission/pod_parts.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;
using Faults = std::vector<std::string>;

constexpr char kAnnotation[] = "kubernetes.io/limit-ranger";

const api::Quantity* At(const Amounts& amounts, std::string_view name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? nullptr : &found->second;
}

// What is held against the limits of one type.
struct Usage {
  std::string_view type;  // "Container"
  Amounts requests;
  Amounts limits;
  bool has_limits = true;  // claims have none
};

void CheckMin(const Usage& usage, const Amounts& min, Faults& faults) {
  for (const auto& [name, least] : min) {
    const std::string bound =
        Concat("minimum ", name, " usage per ", usage.type, " is ", least.ToString());
    const api::Quantity* request = At(usage.requests, name);
    const api::Quantity* limit = At(usage.limits, name);
    if (request == nullptr) {
      faults.push_back(bound + ".  No request is specified");
    } else if (*request < least) {
      faults.push_back(Concat(bound, ", but request is ", request->ToString()));
    } else if (limit != nullptr && *limit < least) {
      faults.push_back(Concat(bound, ", but limit is ", limit->ToString()));
    }
  }
}

void CheckMax(const Usage& usage, const Amounts& max, Faults& faults) {
  for (const auto& [name, most] : max) {
    const std::string bound =
        Concat("maximum ", name, " usage per ", usage.type, " is ", most.ToString());
    const api::Quantity* request = At(usage.requests, name);
    const api::Quantity* limit = At(usage.limits, name);
    if (usage.has_limits && limit == nullptr) {
      faults.push_back(bound + ".  No limit is specified");
    } else if (!usage.has_limits && request == nullptr) {
      faults.push_back(bound + ".  No request is specified");
    } else if (limit != nullptr && *limit > most) {
      faults.push_back(Concat(bound, ", but limit is ", limit->ToString()));
    } else if (request != nullptr && *request > most) {
      faults.push_back(Concat(bound, ", but request is ", request->ToString()));
    }
  }
}

void CheckRatio(const Usage& usage, const Amounts& ratios, Faults& faults) {
  for (const auto& [name, most] : ratios) {
    const std::string bound =
        Concat(name, " max limit to request ratio per ", usage.type, " is ", most.ToString());
    const api::Quantity* request = At(usage.requests, name);
    const api::Quantity* limit = At(usage.limits, name);
    if (request == nullptr || request->IsZero()) {
      faults.push_back(bound + ", but no request is specified or request is 0");
      continue;
    }
    if (limit == nullptr || limit->IsZero()) {
      faults.push_back(bound + ", but no limit is specified or limit is 0");
      continue;
    }
    const double ratio = limit->ToDouble() / request->ToDouble();
    if (ratio <= most.ToDouble()) continue;
    char text[64];
    std::snprintf(text, sizeof(text), "%f", ratio);
    faults.push_back(Concat(bound, ", but provided ratio is ", std::string_view(text)));
  }
}

// Sets what is missing, and says what it set.
std::string SetMissing(const Amounts& defaults, std::string_view list, json::Object& container) {
  std::string set;
  for (const auto& [name, amount] : defaults) {
    json::Object& amounts = kinds::Child(kinds::Child(container, "resources"), list);
    if (amounts.contains(json::ToBoost(name))) continue;
    kinds::Set(amounts, name, json::ToBoost(amount.ToString()));
    set.append(set.empty() ? "" : ", ").append(name);
  }
  return set;
}

bool LacksDefaults(const json::Object& container, const Amounts& requests, const Amounts& limits) {
  const auto lacks = [&](const Amounts& defaults, std::string_view list) {
    return std::any_of(defaults.begin(), defaults.end(), [&](const auto& one) {
      return !kinds::Has(container, {"resources", list, one.first});
    });
  };
  return lacks(requests, "requests") || lacks(limits, "limits");
}

class LimitRanger : public Plugin {
 public:
  explicit LimitRanger(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    if (!attributes.IsCreate() && !attributes.IsUpdate()) return false;
    if (attributes.Is("", "persistentvolumeclaims")) return attributes.subresource.empty();
    return attributes.Is("", "pods") &&
           (attributes.subresource.empty() ? attributes.IsCreate()
                                           : attributes.subresource == "resize");
  }

  absl::Status Mutate(Attributes& attributes) override {
    if (!attributes.Is("", "pods") || !attributes.IsCreate()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const auto ranges, RangesOf(attributes));
    for (const auto& range : ranges) SetDefaults(range->Parse(), attributes);
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& attributes) override {
    if (attributes.old != nullptr &&
        kinds::Has(*attributes.object(), {"metadata", "deletionTimestamp"})) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const auto ranges, RangesOf(attributes));
    for (const auto& range : ranges) {
      const Faults faults = Check(range->Parse(), attributes);
      if (faults.empty()) continue;
      std::string all;
      for (const std::string& fault : faults) all.append(all.empty() ? "" : ", ").append(fault);
      return registry::Refuse(attributes, faults.size() == 1 ? all : Concat("[", all, "]"));
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::vector<registry::StoredObjectPtr>> RangesOf(const Attributes& attributes) {
    return ListCached(registry_, BuiltIn("v1", "limitranges"), attributes.name_space);
  }

  static void SetDefaults(const json::Object& range, Attributes& attributes) {
    Amounts requests;
    Amounts limits;
    kinds::ForEach(range, {"spec", "limits"}, [&](const json::Object& limit) {
      if (Text(limit, {"type"}) != "Container") return;
      for (const auto& [name, amount] : AmountsOf(limit, {"defaultRequest"})) {
        requests[name] = amount;
      }
      for (const auto& [name, amount] : AmountsOf(limit, {"default"})) limits[name] = amount;
    });
    std::string said;
    for (const auto& [list, noun] :
         {std::pair{"containers", "container"}, std::pair{"initContainers", "init container"}}) {
      const std::string_view of = noun;
      bool lacking = false;
      kinds::ForEach(*attributes.object(), {"spec", list}, [&](const json::Object& container) {
        lacking |= LacksDefaults(container, requests, limits);
      });
      if (!lacking) continue;
      kinds::ForEach(attributes.Edit(), {"spec", list}, [&](json::Object& container) {
        const std::string name(Text(container, {"name"}));
        for (const auto& [defaults, member, what] : {std::tuple{&requests, "requests", "request"},
                                                     std::tuple{&limits, "limits", "limit"}}) {
          const std::string set = SetMissing(*defaults, member, container);
          if (set.empty()) continue;
          said += Concat(said.empty() ? "LimitRanger plugin set: " : "; ", set, " ",
                         std::string_view(what), " for ", of, " ", name);
        }
      });
    }
    if (said.empty()) return;
    kinds::Set(kinds::Child(kinds::Child(attributes.Edit(), "metadata"), "annotations"),
               kAnnotation, json::ToBoost(said));
  }

  static Faults Check(const json::Object& range, const Attributes& attributes) {
    const json::Object& object = *attributes.object();
    static const json::Object kNone;
    const json::Object* found = kinds::FindObject(object, {"spec"});
    const json::Object& spec = found == nullptr ? kNone : *found;
    const bool pod = attributes.Is("", "pods");
    Faults faults;
    kinds::ForEach(range, {"spec", "limits"}, [&](const json::Object& limit) {
      const std::string_view type = Text(limit, {"type"});
      const auto check = [&](const Usage& usage) {
        CheckMin(usage, AmountsOf(limit, {"min"}), faults);
        CheckMax(usage, AmountsOf(limit, {"max"}), faults);
        CheckRatio(usage, AmountsOf(limit, {"maxLimitRequestRatio"}), faults);
      };
      if (pod && type == "Container") {
        for (const std::string_view list : {"containers", "initContainers"}) {
          kinds::ForEach(spec, {list}, [&](const json::Object& container) {
            check({type, AmountsOf(container, {"resources", "requests"}),
                   AmountsOf(container, {"resources", "limits"})});
          });
        }
      } else if (pod && type == "Pod") {
        check({type, PodAmounts(spec, "requests"), PodAmounts(spec, "limits")});
      } else if (!pod && type == "PersistentVolumeClaim") {
        check({type, AmountsOf(spec, {"resources", "requests"}), {}, false});
      }
    });
    return faults;
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakeLimitRanger(registry::Registry& registry) {
  return std::make_unique<LimitRanger>(registry);
}

}  // namespace kvplane::admission
