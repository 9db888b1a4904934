#include "apiserver/target.h"

#include <vector>

#include "base/strings.h"

namespace kvplane::apiserver {

std::optional<Target> Target::Parse(std::string_view path) {
  const std::vector<std::string_view> parts = kvshim::base::SplitList(path, '/');
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
  if ((parts[at] == "watch" || parts[at] == "proxy") && at + 1 < parts.size()) target.verb = next();
  // A namespace is itself a resource, unless more than its own subresources follows.
  const bool inside = parts[at] == "namespaces" && at + 2 < parts.size() &&
                      parts[at + 2] != "status" && parts[at + 2] != "finalize";
  if (inside) {
    ++at;
    target.name_space = next();
  }
  target.resource = next();
  target.name = next();
  target.subresource = next();
  while (at < parts.size()) target.rest += "/" + next();
  return target;
}

}  // namespace kvplane::apiserver
