// Deletion: what DeleteOptions make of an object: whether it goes at once, or is marked and stays
// until its grace is over and its finalizers are gone.
//
// Thread safety: pure but for the clock.
//
//   ASSIGN_OR_RETURN(DeleteOptions options, ReadDeleteOptions(body));
//   RETURN_IF_ERROR(CheckPreconditions(kind, options, current));
//   ASSIGN_OR_RETURN(Deletion deletion, PlanDeletion(kind, options, current));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/kind.h"
#include "registry/admission.h"

namespace kvplane::registry {

namespace json = api::json;

enum class Propagation { kAsIs, kBackground, kForeground, kOrphan };

struct DeleteOptions {
  Requester requester;
  std::optional<int64_t> grace_seconds;
  std::string uid;  // preconditions, where set
  std::string resource_version;
  Propagation propagation = Propagation::kAsIs;  // kAsIs: finalizers stay as they are
  bool dry_run = false;
};

// A DeleteOptions document.
absl::StatusOr<DeleteOptions> ReadDeleteOptions(const json::Object& document);
absl::StatusOr<Propagation> ReadPropagation(std::string_view policy);

absl::Status CheckPreconditions(const kinds::Kind& kind, const DeleteOptions& options,
                                const json::Object& current);

struct Deletion {
  enum class Step { kRemove, kMark, kNothing };
  Step step = Step::kRemove;
  json::Object object;  // as it is to be, or was; canonical
};
Deletion PlanDeletion(const kinds::Kind& kind, const DeleteOptions& options, json::Object current);

// Whether an object that is marked may go: nothing holds it any more.
bool MayGo(const kinds::Kind& kind, const json::Object& object);

}  // namespace kvplane::registry
