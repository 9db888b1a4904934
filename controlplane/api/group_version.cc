#include "api/group_version.h"

#include <utility>

#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

std::string Text(const json::Object& document, std::string_view name) {
  const json::Value* value = json::Find(document, name);
  return value != nullptr && value->is_string() ? std::string(json::View(value->get_string())) : "";
}

}  // namespace

absl::StatusOr<GroupVersion> GroupVersion::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return GroupVersion{"", std::string(text)};
  const std::string_view version = text.substr(slash + 1);
  if (version.find('/') != std::string_view::npos) {
    return absl::InvalidArgumentError(Concat("unexpected GroupVersion string: ", text));
  }
  return GroupVersion{std::string(text.substr(0, slash)), std::string(version)};
}

std::string GroupVersion::ToString() const {
  return group.empty() ? version : Concat(group, "/", version);
}

GroupVersionKind GroupVersionKind::Of(const json::Object& document) {
  GroupVersionKind gvk;
  gvk.kind = Text(document, "kind");
  if (auto parsed = GroupVersion::Parse(Text(document, "apiVersion")); parsed.ok()) {
    gvk.group = std::move(parsed->group);
    gvk.version = std::move(parsed->version);
  }
  return gvk;
}

std::string GroupVersionKind::ToString() const {
  return Concat(group, "/", version, ", Kind=", kind);
}

}  // namespace kvplane::api
