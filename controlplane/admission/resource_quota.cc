// ResourceQuota: what the objects of a namespace may come to altogether.
//
// What an object counts for is charged to its namespace's quotas in the transaction that writes it,
// which holds only if the quotas are as they were read. So no number of servers comes to exceed one
// together, and what is not written is not charged.
//
// What goes is given back when somebody counts again: the quota controller, or here, before
// something would be refused (and where a quota's status does not tell all that it bounds, for it
// is new or was changed). A count is of objects not older than the quota that is counted for: what
// is created after that changes the quota, so that the count's transaction does not hold.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "admission/quota_usage.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/preparation.h"
#include "registry/stored_form.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

const kinds::Kind& Quotas() { return BuiltIn("v1", "resourcequotas"); }

// Those of `amounts` that `names` has.
Amounts Among(const Amounts& names, const Amounts& amounts) {
  Amounts out;
  for (const auto& [name, amount] : amounts) {
    if (names.contains(name)) out.emplace(name, amount);
  }
  return out;
}

json::Object Document(const Amounts& amounts) {
  json::Object out;
  for (const auto& [name, amount] : amounts) {
    out[json::ToBoost(name)] = json::ToBoost(amount.ToString());
  }
  return out;
}

// Those of the wanted that would be more than is allowed.
Amounts Exceeding(const Amounts& hard, const Amounts& used, const Amounts& wanted) {
  Amounts over;
  for (const auto& [name, amount] : wanted) {
    api::Quantity sum = amount;
    if (const auto held = used.find(name); held != used.end()) sum += held->second;
    if (sum > hard.at(name)) over.emplace(name, amount);
  }
  return over;
}

class ResourceQuota : public Plugin {
 public:
  explicit ResourceQuota(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    if (!attributes.kind->namespaced) return false;
    if (attributes.IsCreate()) return attributes.subresource.empty();
    if (!attributes.IsUpdate() || !attributes.kind->group.empty()) return false;
    const std::string_view plural = attributes.kind->plural;
    if (plural == "pods") return attributes.subresource == "resize";
    return attributes.subresource.empty() &&
           (plural == "services" || plural == "persistentvolumeclaims");
  }

  absl::Status Charge(const Attributes& attributes, kvshim::TxnRequest& request) override {
    ASSIGN_OR_RETURN(const auto quotas, ListCached(registry_, Quotas(), attributes.name_space));
    if (quotas.empty()) return absl::OkStatus();
    const Amounts wanted = Wanted(attributes);
    if (wanted.empty()) return absl::OkStatus();
    for (const auto& cached : quotas) {
      const json::Object known = cached->Parse();
      // In the cache's form, which may be a moment old: what it bounds changes seldom.
      if (Among(AmountsOf(known, {"spec", "hard"}), wanted).empty()) continue;
      if (!IsInScope(known, *attributes.kind, *attributes.object())) continue;
      auto quota =
          registry_.Get(Quotas(), attributes.name_space, Text(known, {"metadata", "name"}));
      if (registry::HasReason(quota.status(), "NotFound")) continue;
      RETURN_IF_ERROR(quota.status());
      RETURN_IF_ERROR(ChargeOne(attributes, wanted, *std::move(quota), request));
    }
    return absl::OkStatus();
  }

 private:
  // What the write adds.
  static Amounts Wanted(const Attributes& attributes) {
    Amounts wanted = UsageOf(*attributes.kind, *attributes.object());
    if (attributes.old == nullptr) return wanted;
    const Amounts held = UsageOf(*attributes.kind, *attributes.old);
    for (auto& [name, amount] : wanted) {
      if (const auto before = held.find(name); before != held.end()) amount -= before->second;
    }
    std::erase_if(wanted, [](const auto& one) { return one.second.Sign() <= 0; });
    return wanted;
  }

  absl::Status ChargeOne(const Attributes& attributes, const Amounts& all, json::Object quota,
                         kvshim::TxnRequest& request) {
    const std::string name(Text(quota, {"metadata", "name"}));
    const Amounts hard = AmountsOf(quota, {"spec", "hard"});
    const Amounts wanted = Among(hard, all);
    if (wanted.empty() || !IsInScope(quota, *attributes.kind, *attributes.object())) {
      return absl::OkStatus();
    }
    if (attributes.Is("", "pods")) {
      const std::string unspecified = Unspecified(hard, *attributes.object());
      if (!unspecified.empty()) {
        return registry::Refuse(attributes, Concat("failed quota: ", name, ": ", unspecified));
      }
    }
    Amounts used = Among(hard, AmountsOf(quota, {"status", "used"}));
    Amounts over = Exceeding(hard, used, wanted);
    if (!over.empty() || used.size() != hard.size() ||
        AmountsOf(quota, {"status", "hard"}) != hard) {
      ASSIGN_OR_RETURN(used, Count(attributes, quota, hard, used));
      over = Exceeding(hard, used, wanted);
    }
    if (!over.empty()) {
      return registry::Refuse(attributes,
                              Concat("exceeded quota: ", name, ", requested: ", ToString(over),
                                     ", used: ", ToString(Among(over, used)),
                                     ", limited: ", ToString(Among(over, hard))));
    }
    Add(wanted, used);
    return Write(std::move(quota), hard, used, request);
  }

  // Of what there is; what cannot be counted stays as it is said to be.
  absl::StatusOr<Amounts> Count(const Attributes& attributes, const json::Object& quota,
                                const Amounts& hard, const Amounts& said) {
    Amounts counted;
    const std::shared_ptr<const kinds::Kinds> served = registry_.kinds();
    std::set<const kinds::Kind*> kinds;
    for (const auto& [name, most] : hard) {
      const kinds::Kind* kind = KindCounted(name, *served);
      if (kind != nullptr) kinds.insert(kind);
      const auto held = said.find(name);
      counted[name] =
          kind != nullptr || held == said.end() ? api::Quantity(0, most.format()) : held->second;
    }
    ASSIGN_OR_RETURN(const int64_t revision, registry_.CurrentRevision());
    for (const kinds::Kind* kind : kinds) {
      ASSIGN_OR_RETURN(const auto snapshot,
                       registry_.CacheOf(*kind).List(
                           registry::PrefixOf(*kind, attributes.name_space), revision));
      for (const auto& object : snapshot.objects) {
        const json::Object document = object->Parse();
        if (!IsInScope(quota, *kind, document)) continue;
        Add(Among(hard, UsageOf(*kind, document)), counted);
      }
    }
    return counted;
  }

  static absl::Status Write(json::Object quota, const Amounts& hard, const Amounts& used,
                            kvshim::TxnRequest& request) {
    const std::string key = registry::KeyOf(Quotas(), Text(quota, {"metadata", "namespace"}),
                                            Text(quota, {"metadata", "name"}));
    const int64_t revision = std::stoll(std::string(Text(quota, {"metadata", "resourceVersion"})));
    quota["status"] = json::Object{{"hard", Document(hard)}, {"used", Document(used)}};
    RETURN_IF_ERROR(registry::MakeCanonical(Quotas(), quota));
    ASSIGN_OR_RETURN(std::string value, registry::ToStored(Quotas(), quota));
    request.compare.push_back(
        {.target = kvshim::CompareTarget::kMod, .key = key, .number = revision});
    request.success.emplace_back(kvshim::PutRequest{.key = key, .value = std::move(value)});
    return absl::OkStatus();
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakeResourceQuota(registry::Registry& registry) {
  return std::make_unique<ResourceQuota>(registry);
}

}  // namespace kvplane::admission
