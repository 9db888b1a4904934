// Server: serves a Store to etcd clients over gRPC, with HTTP on the same port.
//
// Thread safety: every method may be called from any thread.
//
//   auto server = kvshim::Server::Start(*store, {.listen_addresses = {"127.0.0.1:0"}});
//   std::puts((*server)->client_urls().front().c_str());   // http://127.0.0.1:41517
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kvshim/store.h"

namespace kvshim {

struct ServerOptions {
  // host:port (port 0: any free one; an empty host: every interface) or unix://PATH.
  std::vector<std::string> listen_addresses = {"127.0.0.1:2379"};

  // TLS of the listener, PEM files; both or none. They are read again when they change.
  std::string server_cert_file;
  std::string server_key_file;
  // Where set, clients must present a certificate that this authority signed.
  std::string trusted_ca_file;

  // host:port of the plain HTTP endpoint for metrics and health; empty: none beside the client
  // port, which serves the same paths.
  std::string metrics_address;

  // URLs that MemberList tells clients; empty: the addresses listened on.
  std::vector<std::string> advertise_client_urls;

  // The etcd release that clients are told: major.minor.patch.
  std::string etcd_version;

  // One request's most bytes. etcd's own default; its gRPC layer allows 512 KiB more.
  size_t max_request_bytes = size_t{3} << 19;
  // Streams and calls one connection may have open, and calls under way over all connections.
  uint32_t max_concurrent_streams = 16384;
  size_t max_concurrent_calls = 65536;

  // Event loops, each with a thread; 0: one per two cores.
  int threads = 0;
};

class Server {
 public:
  // Listens and serves when it returns. `store` must outlive the server. Errors name the option,
  // the address or the file, and what would mend it.
  static absl::StatusOr<std::unique_ptr<Server>> Start(Store& store, const ServerOptions& options);

  // Shuts down at once where Drain has not been called.
  virtual ~Server() = default;

  // The addresses bound, with their real ports: http(s)://host:port or unix://PATH.
  virtual std::vector<std::string> client_urls() const = 0;
  virtual std::string metrics_url() const = 0;  // empty where there is none

  // Stops accepting, lets calls under way finish for up to `grace`, ends streams, closes.
  virtual void Drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace kvshim
