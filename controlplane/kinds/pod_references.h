// The objects that a pod names: secrets, config maps, claims, its account.
//
// Thread safety: pure functions.
//
//   VisitReferences(pod, [&](Referenced what, std::string_view name) { … });
#pragma once

#include <functional>
#include <string_view>

#include "api/json.h"

namespace kvplane::kinds {

enum class Referenced {
  kSecret,
  kConfigMap,
  kClaim,
  kServiceAccount,
  kResourceClaim,
  kTrustBundle,  // of the cluster; the others lie in the pod's namespace
};

void VisitReferences(const api::json::Object& pod,
                     const std::function<void(Referenced what, std::string_view name)>& visit);

// The secrets that the driver of a volume takes: of a pod's volume, or a PersistentVolume's
// specification. Their namespace is empty where it is that of the pod, or of the claim.
void VisitVolumeSecrets(
    const api::json::Object& volume,
    const std::function<void(std::string_view name_space, std::string_view name)>& visit);

}  // namespace kvplane::kinds
