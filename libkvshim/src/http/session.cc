#include "http/session.h"

#include <array>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "http/channel.h"
#include "kvshim/version.h"

namespace kvshim::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::error_code;
using Tcp = PlainStream;

constexpr std::chrono::seconds kLingerLimit{2};
constexpr uint32_t kHeaderLimit = 16 << 10;
constexpr uint64_t kBodyLimit = 64 << 10;

template <typename Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  template <typename... Arguments>
  Session(const Pages& pages, const SessionLimits& limits, ConnectionToken token,
          std::string read_already, Arguments&&... arguments)
      : pages_(pages),
        limits_(limits),
        token_(std::move(token)),
        read_already_(std::move(read_already)),
        stream_(std::forward<Arguments>(arguments)...) {}

  void Start() {
    if constexpr (kIsTls) {
      tcp().expires_after(limits_.handshake);
      stream_.async_handshake(asio::ssl::stream_base::server, asio::buffer(read_already_),
                              [self = this->shared_from_this()](error_code error, size_t) {
                                self->read_already_.clear();
                                if (!error) self->ReadRequest();
                              });
    } else {
      const auto room = buffer_.prepare(read_already_.size());
      buffer_.commit(asio::buffer_copy(room, asio::buffer(read_already_)));
      read_already_.clear();
      ReadRequest();
    }
  }

  void KeepContext(std::shared_ptr<asio::ssl::context> context) { context_ = std::move(context); }

 private:
  static constexpr bool kIsTls = !std::is_same_v<Stream, Tcp>;
  using Parser = beast::http::request_parser<beast::http::string_body>;
  using Reply = beast::http::response<beast::http::string_body>;

  Tcp& tcp() { return beast::get_lowest_layer(stream_); }

  void ReadRequest() {
    parser_.emplace();
    parser_->header_limit(kHeaderLimit);
    parser_->body_limit(kBodyLimit);
    tcp().expires_after(limits_.request);
    beast::http::async_read(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](error_code error, size_t) { self->Answer(error); });
  }

  void Answer(error_code error) {
    namespace http = beast::http;
    if (error) {
      // A word of why, where the client may still listen.
      if (error == http::error::body_limit) return Refuse(http::status::payload_too_large);
      if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return Refuse(http::status::request_header_fields_too_large);
      }
      if (error.category() == http::make_error_code(http::error::bad_method).category() &&
          error != http::error::end_of_stream && error != http::error::partial_message) {
        return Refuse(http::status::bad_request);
      }
      return Close();
    }
    const auto& request = parser_->get();
    const auto target = request.target();
    const auto method = request.method_string();
    const Request asked =
        Request::Parse({method.data(), method.size()}, {target.data(), target.size()});
    const auto protocol = request[http::field::upgrade];
    if (const Pages::Upgrade* upgrade =
            pages_.FindUpgrade(asked.path, {protocol.data(), protocol.size()});
        upgrade != nullptr) {
      return SwitchTo(*upgrade);
    }
    const Response page = pages_.Serve(asked);
    Write(page, request.version(), request.keep_alive(), request.method() == http::verb::head);
  }

  void Refuse(beast::http::status status) {
    Write({.status = static_cast<int>(status), .body = "Bad Request\n"}, 11, false, false);
  }

  void Write(const Response& page, unsigned version, bool keep_alive, bool head) {
    namespace http = beast::http;
    reply_ = Reply(static_cast<http::status>(page.status), version);
    reply_.set(http::field::server, "kvshim");
    reply_.set(http::field::content_type, page.content_type);
    reply_.keep_alive(keep_alive);
    reply_.body() = page.body;
    reply_.prepare_payload();
    if (head) reply_.body().clear();
    serializer_.emplace(reply_);
    serializer_->split(false);
    tcp().expires_after(limits_.request);
    const auto done = [self = this->shared_from_this()](error_code error, size_t) {
      self->serializer_.reset();
      if (error || !self->reply_.keep_alive()) return self->Close();
      self->ReadRequest();
    };
    if (head) {
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, *serializer_, done);
    }
  }

  void SwitchTo(const Pages::Upgrade& upgrade) {
    namespace http = beast::http;
    reply_ = Reply(http::status::switching_protocols, 11);
    reply_.set(http::field::server, "kvshim");
    reply_.set(http::field::connection, "upgrade");
    reply_.set(http::field::upgrade, upgrade.protocol);
    serializer_.emplace(reply_);
    http::async_write_header(
        stream_, *serializer_,
        [self = this->shared_from_this(), &upgrade](error_code error, size_t) {
          if (error) return self->Close();
          const auto rest = self->buffer_.data();
          upgrade.take(MakeChannel(
              std::move(self->stream_), {static_cast<const char*>(rest.data()), rest.size()},
              std::make_shared<std::pair<ConnectionToken, std::shared_ptr<void>>>(self->token_,
                                                                                  self->context_)));
        });
  }

  void Close() {
    if constexpr (kIsTls) {
      tcp().expires_after(limits_.handshake);
      stream_.async_shutdown([self = this->shared_from_this()](error_code) {});
    } else {
      error_code ignored;
      tcp().socket().shutdown(asio::socket_base::shutdown_send, ignored);
      tcp().expires_after(kLingerLimit);
      Linger();
    }
  }

  // A socket that is closed while bytes of its client are unread resets the connection, and the
  // answer may be lost with it: the client gets a moment to hear it.
  void Linger() {
    tcp().async_read_some(asio::buffer(discarded_),
                          [self = this->shared_from_this()](error_code error, size_t) {
                            if (!error) self->Linger();
                          });
  }

  const Pages& pages_;
  const SessionLimits limits_;
  const ConnectionToken token_;
  std::shared_ptr<asio::ssl::context> context_;
  std::string read_already_;
  Stream stream_;
  beast::flat_buffer buffer_{kHeaderLimit + kBodyLimit};
  std::optional<Parser> parser_;
  Reply reply_;
  std::array<char, 4096> discarded_;
  std::optional<beast::http::response_serializer<beast::http::string_body>> serializer_;
};

}  // namespace

void ServePlain(Socket socket, std::string read_already, const Pages& pages,
                const SessionLimits& limits, ConnectionToken token) {
  std::make_shared<Session<Tcp>>(pages, limits, std::move(token), std::move(read_already),
                                 std::move(socket))
      ->Start();
}

void ServeTls(Socket socket, std::string read_already, const Pages& pages,
              const SessionLimits& limits, std::shared_ptr<asio::ssl::context> context,
              ConnectionToken token) {
  auto session = std::make_shared<Session<asio::ssl::stream<Tcp>>>(
      pages, limits, std::move(token), std::move(read_already), std::move(socket), *context);
  session->KeepContext(std::move(context));
  session->Start();
}

}  // namespace kvshim::http
