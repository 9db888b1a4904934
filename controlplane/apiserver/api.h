// Api: Kubernetes' API over a Store: takes requests, whoever made them, and answers them. It knows
// nothing of HTTP's wire, of TLS, or of who may do what.
//
// Requests run on threads of its own, as they wait for the store. A watch holds no thread.
//
// Thread safety: every method may be called from any thread. The store must outlive it, and nobody
// may call Handle while it is destroyed.
//
//   ASSIGN_OR_RETURN(auto api, Api::Create(store, {}));
//   api->Handle(std::move(request), response);
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "kvshim/store.h"
#include "registry/watch_cache.h"

namespace kvplane::registry {
class Registry;
}

namespace kvplane::apiserver {

struct ApiOptions {
  // Requests that run at once, and those that may wait behind them before more are refused with
  // TooManyRequests.
  size_t threads = 16;
  size_t max_queued = 4000;
  registry::WatchCacheOptions cache;
  std::string service_range = "10.43.0.0/16";  // of services' addresses, IPv4
};

class Api {
 public:
  static absl::StatusOr<std::unique_ptr<Api>> Create(kvshim::Store& store,
                                                     const ApiOptions& options);
  // Ends all watches and waits for the requests that run.
  virtual ~Api() = default;

  // Answers on a thread of its own.
  virtual void Handle(Request request, std::shared_ptr<Response> response) = 0;

  // For controllers in the same process.
  virtual registry::Registry& registry() = 0;
};

}  // namespace kvplane::apiserver
