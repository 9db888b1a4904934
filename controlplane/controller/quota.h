// QuotaController: counts what there is in a namespace against its ResourceQuotas: status.used.
//
// Admission counts what is created, in the transaction that creates it; this counts anew what goes
// or becomes less, and where a quota is new or another. It reads the quota first and what it counts
// then, at a revision that is not older, and writes the quota only as it was read: what admission
// charges meanwhile is not lost.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "api/quantity.h"
#include "controller/controller.h"

namespace kvplane::controller {

// What objects count for, as admission says it.
struct QuotaRules {
  using Amounts = std::map<std::string, api::Quantity, std::less<>>;

  // Of one object, by the names that quotas use; empty for what does not count any more.
  std::function<Amounts(const kinds::Kind& kind, const json::Object& object)> usage_of;
  // Whether the quota's scopes are those of the object.
  std::function<bool(const json::Object& quota, const kinds::Kind& kind,
                     const json::Object& object)>
      is_in_scope;
  // The kind that a quota's resource counts, of those that are served; null where there is none
  // such.
  std::function<const kinds::Kind*(std::string_view resource, const kinds::Kinds& kinds)>
      kind_counted;
};

class QuotaController : public Controller {
 public:
  explicit QuotaController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a quota

 private:
  void Follow(const kinds::Kind& kind);
  absl::StatusOr<json::Object> Used(const json::Object& quota, const json::Object& hard);

  const QuotaRules& rules_;
  Informer& quotas_;
};

}  // namespace kvplane::controller
