// Client: asks webhooks over HTTPS: a POST of JSON, answered with JSON.
//
// One thread runs all exchanges, however many are under way; connections are kept for the next. An
// exchange ends with its timeout at the latest. A kept connection that its other end has closed is
// replaced by a new one, once.
//
// Thread safety: every method may be called from any thread. Nobody may wait while it is destroyed.
//
//   const auto client = Client::Make();
//   auto answers = client->Ask({{.endpoint = endpoint, .body = "{…}", .timeout = 10s}});
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kvplane::webhook {

struct Endpoint {
  std::string host;  // a name, an IPv4 or an IPv6 address
  std::string port;
  std::string server_name;   // whom its certificate must be of
  std::string path;          // with its query: "/check?timeout=10s"
  std::string certificates;  // of authorities, PEM; empty: those of the system

  // "https://hooks.web.svc:443/check?timeout=10s", as messages name it.
  std::string url;
};

struct Request {
  Endpoint endpoint;
  std::string body;
  std::chrono::milliseconds timeout{10000};
};

class Client {
 public:
  static std::unique_ptr<Client> Make();
  virtual ~Client() = default;

  // Asks all at once and waits for all; the answers' bodies in the requests' order.
  virtual std::vector<absl::StatusOr<std::string>> Ask(std::vector<Request> requests) = 0;
};

}  // namespace kvplane::webhook
