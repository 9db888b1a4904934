// The annotation in which kubectl keeps the configuration that it applied from its own side, as far
// as server-side apply has to do with it: kubectl's users may change over from one to the other.
//
// Thread safety: pure functions.
//
//   FieldSet mine = LastAppliedFields(type, "apps/v1", live);
#pragma once

#include <string_view>

#include "api/field_set.h"
#include "api/json.h"
#include "api/merge_type.h"

namespace kvplane::api {

inline constexpr std::string_view kLastAppliedAnnotation =
    "kubectl.kubernetes.io/last-applied-configuration";
// The manager that kubectl applies as, unless it is told otherwise.
inline constexpr std::string_view kKubectlApply = "kubectl";

// The paths of the configuration that still have its values. None where there is no annotation, or
// none of this version.
FieldSet LastAppliedFields(const MergeType& type, std::string_view api_version,
                           const json::Object& live);

// Brings the annotation, where the object has one, up to date with a configuration.
void RefreshLastApplied(const json::Object& configuration, json::Object& object);

}  // namespace kvplane::api
