// RequestInfo: what a request wants done, read from its method, path and query: the words in which
// authorization speaks.
//
//   GET /apis/apps/v1/namespaces/web/deployments/shop/scale
//   -> get, group apps, version v1, namespace web, resource deployments, name shop, subresource
//   scale GET /healthz -> get, not about a resource
//
// Thread safety: pure.
#pragma once

#include <string>

#include "apiserver/exchange.h"

namespace kvplane::apiserver {

struct RequestInfo {
  bool is_resource = false;
  std::string
      verb;  // get, list, watch, create, update, patch, delete, deletecollection; get, post…
  std::string path;
  std::string group;  // empty: the core group
  std::string version;
  std::string ns;
  std::string resource;
  std::string subresource;
  std::string name;
  std::string field_selector;  // of lists and watches

  static RequestInfo Of(const Request& request);

  // Lasts as long as its client likes: a watch, exec, attach, port-forward, a proxy, followed logs.
  bool IsLongRunning(const Request& request) const;
};

}  // namespace kvplane::apiserver
