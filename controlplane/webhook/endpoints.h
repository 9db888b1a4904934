// Endpoints: where a webhook is, by its clientConfig: a URL, or a service of the cluster, and the
// authorities that its certificate is checked against.
//
// A service is asked straight at one of its pods that are ready, as a server need not have the
// cluster's routes for services; where there is none, at its address.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   Endpoints endpoints(registry);
//   ASSIGN_OR_RETURN(Endpoint endpoint, endpoints.Find(client_config, "timeout=10s"));
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "registry/registry.h"
#include "webhook/client.h"

namespace kvplane::webhook {

class Endpoints {
 public:
  explicit Endpoints(registry::Registry& registry) : registry_(registry) {}

  // `query` comes to the path; empty: none. What cannot be found is kUnavailable, told as a request
  // that failed.
  absl::StatusOr<Endpoint> Find(const api::json::Object& client_config, std::string_view query);

 private:
  absl::Status ReachService(const api::json::Object& service, std::string_view query,
                            Endpoint& endpoint);

  registry::Registry& registry_;
};

}  // namespace kvplane::webhook
