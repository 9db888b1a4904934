#include "http/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kTls = "https://";
constexpr std::string_view kUnix = "unix://";

absl::Status Failed(const error_code& error) { return absl::UnavailableError(error.message()); }

}  // namespace

class Client::Connection {
 public:
  virtual ~Connection() = default;
  virtual absl::StatusOr<std::string> Get(const std::string& target) = 0;
  virtual absl::StatusOr<std::shared_ptr<Channel>> Upgrade(const std::string& target,
                                                           const std::string& protocol) = 0;

  asio::io_context io;
};

template <typename Stream>
class Client::StreamConnection final : public Client::Connection {
 public:
  template <typename... Arguments>
  StreamConnection(std::chrono::milliseconds timeout, Arguments&&... arguments)
      : timeout_(timeout), stream(io, std::forward<Arguments>(arguments)...) {}

  // Starts an operation whose handler sets the error, and waits for its end.
  template <typename Start>
  error_code Await(Start start) {
    error_code error = asio::error::timed_out;
    beast::get_lowest_layer(stream).expires_after(timeout_);
    start(error);
    io.restart();
    io.run();
    return error;
  }

  absl::StatusOr<std::string> Get(const std::string& target) override {
    http::request<http::empty_body> request(http::verb::get, target, 11);
    RETURN_IF_ERROR(Ask(request, http::status::ok));
    return std::move(response_.body());
  }

  absl::StatusOr<std::shared_ptr<Channel>> Upgrade(const std::string& target,
                                                   const std::string& protocol) override {
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::connection, "upgrade");
    request.set(http::field::upgrade, protocol);
    RETURN_IF_ERROR(Ask(request, http::status::switching_protocols));
    const auto rest = buffer_.data();
    io.restart();
    return MakeChannel(std::move(stream),
                       std::string(static_cast<const char*>(rest.data()), rest.size()), nullptr);
  }

 private:
  absl::Status Ask(http::request<http::empty_body>& request, http::status expected) {
    request.set(http::field::host, "kvshim");
    response_ = {};
    const error_code error = Await([&](error_code& out) {
      http::async_write(stream, request, [&](error_code failed, size_t) {
        out = failed;
        if (failed) return;
        http::async_read(stream, buffer_, response_,
                         [&](error_code read_failed, size_t) { out = read_failed; });
      });
    });
    if (error) return Failed(error);
    if (response_.result() == expected) return absl::OkStatus();
    return absl::UnavailableError(
        base::Concat("answered ", response_.result_int(), ": what serves there is no kvshim"));
  }

  const std::chrono::milliseconds timeout_;
  beast::flat_buffer buffer_;
  http::response<http::string_body> response_;

 public:
  Stream stream;
};

Client::Client(std::string url, ClientOptions options)
    : url_(std::move(url)), options_(std::move(options)) {}
Client::~Client() = default;

absl::StatusOr<std::string> Client::Get(const std::string& target) {
  // A kept connection may have been closed at the other end meanwhile: then a new one is tried.
  const bool kept = connection_ != nullptr;
  if (!kept) RETURN_IF_ERROR(Connect());
  absl::StatusOr<std::string> body = connection_->Get(target);
  if (body.ok()) return body;
  connection_.reset();
  if (!kept) return body;
  RETURN_IF_ERROR(Connect());
  body = connection_->Get(target);
  if (!body.ok()) connection_.reset();
  return body;
}

absl::StatusOr<std::shared_ptr<Channel>> Client::Upgrade(const std::string& target,
                                                         const std::string& protocol) {
  RETURN_IF_ERROR(Connect());
  return connection_->Upgrade(target, protocol);
}

void Client::Run() { connection_->io.run(); }

absl::StatusOr<std::vector<Client::Endpoint>> Client::Resolve(std::string_view address) const {
  if (url_.starts_with(kUnix)) {
    return std::vector<Endpoint>{asio::local::stream_protocol::endpoint(std::string(address))};
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError("an address is host:port or unix://PATH");
  }
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "localhost";
  asio::io_context resolving;
  error_code error;
  const auto found = asio::ip::tcp::resolver(resolving).resolve(
      std::string(host), std::string(address.substr(colon + 1)), error);
  if (error) return Failed(error);
  std::vector<Endpoint> endpoints;
  for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
  return endpoints;
}

absl::Status Client::Connect() {
  const bool tls = url_.starts_with(kTls);
  std::string_view address = url_;
  for (const std::string_view scheme : {kPlain, kTls, kUnix}) {
    if (address.starts_with(scheme)) address.remove_prefix(scheme.size());
  }
  ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, Resolve(address));
  const auto connect = [&](auto& connection) {
    auto& socket = beast::get_lowest_layer(connection.stream);
    const error_code failed = connection.Await([&](error_code& out) {
      socket.async_connect(endpoints, [&](error_code error, const auto&) { out = error; });
    });
    error_code ignored;  // a unix socket has no such option
    if (!failed) socket.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    return failed;
  };
  error_code error;
  if (!tls) {
    auto connection = std::make_unique<StreamConnection<PlainStream>>(options_.timeout);
    if (error = connect(*connection); error) return Failed(error);
    connection_ = std::move(connection);
    return absl::OkStatus();
  }
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_none);
  if (options_.identity != nullptr) {
    const TlsIdentity& identity = *options_.identity;
    context.use_certificate_chain(asio::buffer(identity.cert), error);
    if (!error) {
      context.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem, error);
    }
    if (error) return Failed(error);
  }
  auto connection = std::make_unique<StreamConnection<TlsStream>>(options_.timeout, context);
  if (error = connect(*connection); error) return Failed(error);
  error = connection->Await([&](error_code& out) {
    connection->stream.async_handshake(asio::ssl::stream_base::client,
                                       [&](error_code failed) { out = failed; });
  });
  if (error) return Failed(error);
  connection_ = std::move(connection);
  return absl::OkStatus();
}

}  // namespace kvshim::http
