// Target: what a path of the API names. The one reader of such paths: what authorization speaks of
// is what is then done.
//
// Thread safety: pure functions.
//
//   auto target = Target::Parse("/apis/apps/v1/namespaces/default/deployments/web/scale");
//   target->resource == "deployments"; target->subresource == "scale";
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvplane::apiserver {

struct Target {
  std::string group_version;  // "apps/v1", "v1"
  std::string verb;        // of a path that says it: /api/v1/watch/…, /api/v1/proxy/…; else empty
  std::string name_space;  // empty: all, or none
  std::string resource;
  std::string name;         // empty: the collection
  std::string subresource;  // its first segment
  std::string rest;         // what follows it, for proxies: "/a/b"

  // Nothing for a path that names no resource: /version, /apis/apps/v1, ….
  static std::optional<Target> Parse(std::string_view path);
};

}  // namespace kvplane::apiserver
