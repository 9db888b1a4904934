// Client: asks an HTTP/1.1 server, over one connection that is kept while it can be.
//
// Thread safety: one thread at a time.
//
//   Client client("http://127.0.0.1:2379", {});
//   absl::StatusOr<std::string> body = client.Get("/health");
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "http/channel.h"
#include "http/tls_identity.h"

namespace kvshim::http {

struct ClientOptions {
  std::chrono::milliseconds timeout{5000};  // of connecting, and of each request
  // What is shown to a server that asks for a certificate; may be null.
  std::shared_ptr<const TlsIdentity> identity;
  // PEM authority that must have signed the server's certificate, which must be of the URL's host.
  // Empty: any is taken, which is for what is public and not believed without being looked up.
  std::string authority;
};

class Client {
 public:
  // `url`: http://host:port, https://host:port or unix://PATH.
  Client(std::string url, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  struct Answer {
    unsigned status = 0;
    std::string body;
  };
  // Whatever is answered. kUnavailable where nothing is.
  absl::StatusOr<Answer> Ask(const std::string& method, const std::string& target);

  // The body of a page that was answered with 200. kUnavailable where there is no such answer.
  absl::StatusOr<std::string> Get(const std::string& target);

  // A connection of its own that speaks `protocol` from now on. It needs Run to be called, which
  // returns when the connection has ended.
  absl::StatusOr<std::shared_ptr<Channel>> Upgrade(const std::string& target,
                                                   const std::string& protocol);
  void Run();

 private:
  class Connection;
  template <typename Stream>
  class StreamConnection;

  using Endpoint = boost::asio::generic::stream_protocol::endpoint;

  absl::StatusOr<std::vector<Endpoint>> Resolve(std::string_view address) const;
  absl::Status Connect();

  const std::string url_;
  const ClientOptions options_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace kvshim::http
