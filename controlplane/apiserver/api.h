// Api: Kubernetes' API over a Store: takes requests, whoever made them, and answers them. It knows
// nothing of HTTP's wire, of TLS, or of who may do what.
//
// Requests run on threads of its own, as they wait for the store: shared fairly among users
// (fair_queue.h), and answered 504 where they take too long. A watch holds no thread.
//
// Thread safety: every method may be called from any thread. The store must outlive it, and nobody
// may call Handle while it is destroyed.
//
//   ASSIGN_OR_RETURN(auto api, Api::Create(store, {}));
//   api->Handle(std::move(request), response);
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "apiserver/fair_queue.h"
#include "kvshim/store.h"
#include "registry/watch_cache.h"

namespace kvplane::registry {
class Registry;
}

namespace kvplane::apiserver {

// Requests under way, running or waiting, beyond which more are refused with TooManyRequests.
struct InflightLimits {
  size_t reading = 400;
  size_t changing = 200;
};

struct ApiOptions {
  size_t threads = 16;  // requests that run at once
  InflightLimits inflight;
  std::chrono::milliseconds request_timeout{60000};  // of all but watches and other streams
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

  // Requests under way, those that only read or those that change something.
  virtual size_t under_way(Lane lane) const = 0;

  // For controllers in the same process.
  virtual registry::Registry& registry() = 0;
};

}  // namespace kvplane::apiserver
