// Server: serves tables of methods over gRPC, on completion queues with one thread each.
//
// Connections come from outside (http::Listener accepts them, looks at the first bytes and hands
// them over) or from addresses gRPC listens on itself. The health service ("" is SERVING until
// Drain) and server reflection are served as well.
//
// Thread safety: every method may be called from any thread. Handlers of the services run until
// Drain or the destructor returns, and no longer; what they refer to must outlive the server.
//
//   ASSIGN_OR_RETURN(auto server, Server::Start({}, std::move(services)));
//   server->TakeConnection(fd, bytes_read_so_far);
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpc/observer.h"
#include "rpc/service.h"

namespace kvshim::rpc {

struct ServerOptions {
  // Completion queues, each with a thread; 0: one per two cores.
  int threads = 0;

  // Addresses gRPC listens on by itself (host:port, unix:PATH); mostly none, see TakeConnection.
  std::vector<std::string> listen_addresses;
  // Of every connection; null: plain text.
  std::shared_ptr<grpc::ServerCredentials> credentials;

  // One message's most bytes. Larger ones are answered kResourceExhausted, the call ends.
  size_t max_receive_bytes = (size_t{3} << 19) + (size_t{512} << 10);
  // Calls one connection may have open; a client waits before it opens more.
  uint32_t max_concurrent_streams = 16384;
  // Calls under way over all connections, and the answer to further ones.
  size_t max_concurrent_calls = 65536;
  absl::Status too_many_calls = absl::ResourceExhaustedError("too many requests");

  // A stream's pending bytes at which OnDrained is called.
  size_t stream_low_water = size_t{64} << 10;

  // Clients that ping more often are disconnected, as those that ping without an open call.
  std::chrono::milliseconds min_ping_interval{5000};
  // How often we ask a silent client whether it is alive, and how long it may take to answer.
  std::chrono::milliseconds keepalive_interval{7200000};
  std::chrono::milliseconds keepalive_timeout{20000};
  // TLS handshake and HTTP/2 settings must be through by then.
  std::chrono::milliseconds handshake_timeout{10000};

  bool health = true;
  bool reflection = true;

  // Not owned; may be null.
  CallObserver* observer = nullptr;
};

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       std::vector<Service> services);
  // As Drain without patience, where Drain has not been called.
  virtual ~Server() = default;

  // Serves a connected stream socket, which becomes the server's. `read_already` are the bytes
  // that were read from it before. Once a Drain is over, it is closed.
  virtual void TakeConnection(int fd, std::string_view read_already) = 0;

  // What health checks hear for service "".
  virtual void SetServing(bool serving) = 0;

  // Calls under way, streams included.
  virtual size_t active_calls() const = 0;
  // Ports bound for listen_addresses, in their order (0 for unix sockets).
  virtual const std::vector<int>& ports() const = 0;

  // Health goes to NOT_SERVING, clients are told to go (GOAWAY), streams end with `stream_status`,
  // unary calls may finish for up to `grace`, then everything is cut. Returns when no handler runs
  // any more. The first call counts.
  virtual void Drain(std::chrono::milliseconds grace, absl::Status stream_status) = 0;

 protected:
  Server() = default;
};

}  // namespace kvshim::rpc
