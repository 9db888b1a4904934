#include "http/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
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

// Of host:port.
std::string HostOf(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host.empty() ? "localhost" : std::string(host);
}

absl::Status NoKvshim(unsigned status) {
  return absl::UnavailableError(
      base::Concat("answered ", status, ": what serves there is no kvshim"));
}

}  // namespace

class Client::Connection {
 public:
  virtual ~Connection() = default;
  virtual absl::StatusOr<Answer> Ask(const std::string& method, const std::string& target) = 0;
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

  absl::StatusOr<Answer> Ask(const std::string& method, const std::string& target) override {
    http::request<http::empty_body> request(http::string_to_verb(method), target, 11);
    request.prepare_payload();
    RETURN_IF_ERROR(Exchange(request));
    return Answer{response_.result_int(), std::move(response_.body())};
  }

  absl::StatusOr<std::shared_ptr<Channel>> Upgrade(const std::string& target,
                                                   const std::string& protocol) override {
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::connection, "upgrade");
    request.set(http::field::upgrade, protocol);
    RETURN_IF_ERROR(Exchange(request));
    if (response_.result() != http::status::switching_protocols) {
      return NoKvshim(response_.result_int());
    }
    const auto rest = buffer_.data();
    io.restart();
    return MakeChannel(std::move(stream), {static_cast<const char*>(rest.data()), rest.size()},
                       nullptr);
  }

 private:
  absl::Status Exchange(http::request<http::empty_body>& request) {
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
    return error ? Failed(error) : absl::OkStatus();
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

absl::StatusOr<Client::Answer> Client::Ask(const std::string& method, const std::string& target) {
  // A kept connection may have been closed at the other end meanwhile: then a new one is tried,
  // where the request may be made twice.
  const bool kept = connection_ != nullptr;
  if (!kept) RETURN_IF_ERROR(Connect());
  absl::StatusOr<Answer> answer = connection_->Ask(method, target);
  if (answer.ok()) return answer;
  connection_.reset();
  if (!kept || method != "GET") return answer;
  RETURN_IF_ERROR(Connect());
  answer = connection_->Ask(method, target);
  if (!answer.ok()) connection_.reset();
  return answer;
}

absl::StatusOr<std::string> Client::Get(const std::string& target) {
  ASSIGN_OR_RETURN(Answer answer, Ask("GET", target));
  if (answer.status == 200) return std::move(answer.body);
  return NoKvshim(answer.status);
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
  asio::io_context resolving;
  error_code error;
  const auto found = asio::ip::tcp::resolver(resolving).resolve(
      HostOf(address), std::string(address.substr(colon + 1)), error);
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
  if (options_.authority.empty()) {
    context.set_verify_mode(asio::ssl::verify_none);
  } else {
    context.set_verify_mode(asio::ssl::verify_peer);
    context.set_verify_callback(asio::ssl::host_name_verification(HostOf(address)));
    context.add_certificate_authority(asio::buffer(options_.authority), error);
    if (error) return Failed(error);
  }
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
