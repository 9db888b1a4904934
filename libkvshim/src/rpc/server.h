// Server: serves tables of methods over gRPC: HTTP/2 on event loops with one thread each.
//
// Connections come from outside: http::Listener accepts them, looks at the first bytes and hands
// them over. The health service ("" is SERVING until Drain) and server reflection are served as
// well. A call's deadline is for its client to keep, which cancels the call when it has passed.
//
// Thread safety: every method may be called from any thread. Handlers of the services run until
// Drain or the destructor returns, and no longer; what they refer to must outlive the server.
//
//   Server server({}, std::move(services));
//   server.TakeConnection(fd, bytes_read_so_far);
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "rpc/event_loop.h"
#include "rpc/health_service.h"
#include "rpc/method_table.h"
#include "rpc/server_options.h"
#include "rpc/server_state.h"
#include "rpc/service.h"

namespace kvshim::rpc {

class Server {
 public:
  Server(ServerOptions options, std::vector<Service> services);
  // As Drain without patience, where Drain has not been called.
  ~Server();

  // Serves a connected stream socket, which becomes the server's. `read_already` are the bytes
  // that were read from it before. Once a Drain is over, it is closed.
  void TakeConnection(int fd, std::string_view read_already);

  // What health checks hear for service "".
  void SetServing(bool serving) { health_.SetServing(serving); }

  // Calls under way, streams included.
  size_t active_calls() const { return state_.active_calls(); }

  // Health goes to NOT_SERVING, clients are told to go (GOAWAY), streams end with `stream_status`,
  // unary calls may finish for up to `grace`, then everything is cut. Returns when no handler runs
  // any more. The first call counts.
  void Drain(std::chrono::milliseconds grace, absl::Status stream_status);

 private:
  std::vector<Service> WithBuiltIn(std::vector<Service> services);
  // Has every connection's loop do something with it.
  template <typename Function>
  void ForEachConnection(Function function);

  const ServerOptions options_;
  HealthService health_;
  const std::vector<Service> services_;
  const MethodTable table_{services_};
  ServerState state_{options_, table_};
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::atomic<size_t> next_loop_{0};

  base::Mutex drain_mutex_;  // held for a whole Drain: a second one waits for the first
  bool drained_ GUARDED_BY(drain_mutex_) = false;
};

}  // namespace kvshim::rpc
