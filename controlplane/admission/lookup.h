// Lookup: objects that plugins decide by, from the watch caches.
//
// A cache may be a moment behind; what it does not have is looked for in the store.
//
// Thread safety: every function may be called from any thread that may wait.
//
//   ASSIGN_OR_RETURN(const json::Object account, Find(registry, kind, "web", "default"));
//   ASSIGN_OR_RETURN(const auto ranges, ListCached(registry, kind, "web"));
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/kind.h"
#include "registry/admission.h"
#include "registry/registry.h"

namespace kvplane::admission {

// A kind that every server has.
const kinds::Kind& BuiltIn(std::string_view group_version, std::string_view plural);

// Those of a namespace, or all; in the order of their names.
absl::StatusOr<std::vector<registry::StoredObjectPtr>> ListCached(registry::Registry& registry,
                                                                  const kinds::Kind& kind,
                                                                  std::string_view name_space);
// NotFound where it is in neither.
absl::StatusOr<api::json::Object> Find(registry::Registry& registry, const kinds::Kind& kind,
                                       std::string_view name_space, std::string_view name);

// The name of the newest object whose annotation makes it the default of its kind; empty where
// there is none.
absl::StatusOr<std::string> FindDefault(registry::Registry& registry, const kinds::Kind& kind,
                                        std::initializer_list<std::string_view> annotations);

// A namespace's labels; empty ones where it is not there.
absl::StatusOr<api::json::Object> LabelsOfNamespace(registry::Registry& registry,
                                                    std::string_view name);

// The labels that a namespaceSelector is held against: of the namespace that a request's object
// lies in, or that it is; none for what is the cluster's.
absl::StatusOr<std::optional<api::json::Object>> NamespaceLabelsOf(
    registry::Registry& registry, const registry::Attributes& attributes);

}  // namespace kvplane::admission
