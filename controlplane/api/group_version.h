// GroupVersionKind: what a document is, from its apiVersion and kind.
//
// Thread safety: a value.
//
//   GroupVersionKind gvk = GroupVersionKind::Of(document);   // {"apps", "v1", "Deployment"}
//   gvk.ApiVersion() == "apps/v1";
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::api {

struct GroupVersion {
  std::string group;  // "" is the core
  std::string version;

  // "v1" and "apps/v1"; the error is Kubernetes' own.
  static absl::StatusOr<GroupVersion> Parse(std::string_view text);
  std::string ToString() const;

  friend auto operator<=>(const GroupVersion&, const GroupVersion&) = default;
};

struct GroupVersionKind {
  std::string group;
  std::string version;
  std::string kind;

  // What the document says; empty where it says nothing, or something else than text.
  static GroupVersionKind Of(const json::Object& document);

  std::string ApiVersion() const { return GroupVersion{group, version}.ToString(); }
  std::string ToString() const;  // apps/v1, Kind=Deployment

  friend auto operator<=>(const GroupVersionKind&, const GroupVersionKind&) = default;
};

}  // namespace kvplane::api
