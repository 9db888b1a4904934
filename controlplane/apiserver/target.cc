#include "apiserver/target.h"

#include <vector>

#include "base/strings.h"

namespace kvplane::apiserver {

namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty()) parts.push_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

}  // namespace

std::optional<Target> Target::Parse(std::string_view path) {
  const std::vector<std::string_view> parts = Split(path);
  Target target;
  size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    target.group_version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    target.group_version = kvshim::base::Concat(parts[1], '/', parts[2]);
    at = 3;
  } else {
    return std::nullopt;
  }
  const auto next = [&] { return at < parts.size() ? std::string(parts[at++]) : std::string(); };
  target.resource = next();
  // A namespace is itself a resource, unless more than its own subresources follows.
  if (target.resource == "namespaces" && at < parts.size()) {
    const bool own =
        at + 1 == parts.size() ||
        (at + 2 == parts.size() && (parts[at + 1] == "status" || parts[at + 1] == "finalize"));
    if (!own) {
      target.name_space = next();
      target.resource = next();
    }
  }
  target.name = next();
  target.subresource = next();
  while (at < parts.size()) target.subresource += "/" + next();
  return target;
}

}  // namespace kvplane::apiserver
