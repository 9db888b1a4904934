#include "https/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "apiserver/gzip.h"
#include "apiserver/refusal.h"
#include "base/logger.h"
#include "base/strings.h"
#include "https/outbox.h"
#include "https/target.h"

namespace kvplane::https {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds kLinger{2000};
constexpr size_t kReadBytes = 16 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kNotTls =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

std::string Lower(boost::core::string_view text) {
  std::string lower(text.data(), text.size());
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string Der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size < 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::shared_ptr<const std::vector<std::string>> CertificatesOf(SSL* connection) {
  X509* own = SSL_get0_peer_certificate(connection);
  if (own == nullptr) return nullptr;
  auto certificates = std::make_shared<std::vector<std::string>>();
  certificates->push_back(Der(own));
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    certificates->push_back(Der(sk_X509_value(chain, i)));
  }
  return certificates;
}

class TlsConnection : public Connection, public std::enable_shared_from_this<TlsConnection> {
 public:
  TlsConnection(Socket socket, std::shared_ptr<asio::ssl::context> context, ConnectionPlace& place,
                std::string peer, std::shared_ptr<void> counted)
      : place_(place),
        peer_(std::move(peer)),
        counted_(std::move(counted)),
        context_(std::move(context)),
        stream_(std::move(socket), *context_),
        read_timer_(stream_.get_executor()),
        write_timer_(stream_.get_executor()) {}

  void Start() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->Handshake(); });
  }

  void Drain() override {
    kvshim::base::ReaderLock lock(place_.gate->mutex);
    if (!place_.gate->open) return;
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      self->draining_ = true;
      if (self->outbox_ != nullptr) {
        self->outbox_->Drain();
      } else if (self->awaiting_) {
        self->Close();
      }
    });
  }

  void Discard() override {
    if (outbox_ != nullptr) outbox_->Abandon();
    answering_ = nullptr;
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  // --- timers ---

  void Arm(asio::steady_timer& timer, milliseconds limit) {
    timer.expires_after(limit);
    timer.async_wait([weak = weak_from_this(), &timer](error_code error) {
      const auto self = weak.lock();
      // One that was set anew meanwhile has not run out.
      if (error || self == nullptr || timer.expiry() > std::chrono::steady_clock::now()) return;
      self->Abort();
    });
  }

  // Whatever is under way on the socket fails.
  void Abort() {
    closed_ = true;
    error_code ignored;
    stream_.lowest_layer().close(ignored);
    read_timer_.cancel();
    write_timer_.cancel();
    if (outbox_ != nullptr) outbox_->Abandon();
    answering_ = nullptr;
  }

  // --- reading ---

  void Handshake() {
    Arm(read_timer_, place_.limits.handshake);
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [self = shared_from_this()](error_code error) {
                              if (error) return self->RefuseHandshake(error);
                              self->certificates_ = CertificatesOf(self->stream_.native_handle());
                              self->Await();
                            });
  }

  void RefuseHandshake(error_code error) {
    const bool plain =
        ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST &&
        error.category() == asio::error::get_ssl_category();
    if (!plain) return Abort();
    asio::async_write(stream_.next_layer(), asio::buffer(kNotTls.data(), kNotTls.size()),
                      [self = shared_from_this()](error_code, size_t) { self->HalfClose(); });
  }

  // For the next request, part of which may be here.
  void Await() {
    if (draining_) return Close();
    if (buffer_.size() > 0) return ReadHeader();
    awaiting_ = true;
    Arm(read_timer_, place_.limits.idle);
    if (!reading_) ReadSome();
  }

  void ReadSome() {
    reading_ = true;
    stream_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = shared_from_this()](error_code error, size_t count) {
                              self->reading_ = false;
                              self->buffer_.commit(count);
                              if (error) return self->Abort();
                              if (self->awaiting_) self->ReadHeader();
                            });
  }

  void ReadHeader() {
    awaiting_ = false;
    begun_ = std::chrono::steady_clock::now();
    parser_.emplace();
    parser_->header_limit(place_.limits.header_bytes);
    parser_->body_limit(place_.limits.body_bytes);
    Arm(read_timer_, place_.limits.header);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->TakeHeader(error); });
  }

  void TakeHeader(error_code error) {
    if (error) return RefuseRequest(error);
    Arm(read_timer_, place_.limits.body);
    const auto& message = parser_->get();
    if (message.version() >= 11 &&
        boost::beast::iequals(message[http::field::expect], "100-continue") &&
        !parser_->is_done()) {
      asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                        [self = shared_from_this()](error_code failed, size_t) {
                          if (failed) return self->Abort();
                          self->ReadBody();
                        });
      return;
    }
    ReadBody();
  }

  void ReadBody() {
    if (parser_->is_done()) return TakeRequest();
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, size_t) {
                       if (error) return self->RefuseRequest(error);
                       self->TakeRequest();
                     });
  }

  void RefuseRequest(error_code error) {
    apiserver::Refusal refusal{.code = 400, .reason = "BadRequest"};
    if (error == http::error::body_limit) {
      refusal = {.code = 413,
                 .reason = "RequestEntityTooLarge",
                 .message = kvshim::base::Concat("Request entity too large: limit is ",
                                                 place_.limits.body_bytes)};
    } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      refusal = {.code = 431,
                 .reason = "RequestHeaderFieldsTooLarge",
                 .message = "the request's headers are too large"};
    } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      refusal.message =
          kvshim::base::Concat("the request is malformed: ", std::string(error.message()));
    } else {
      return Abort();
    }
    OpenOutbox(/*keep_alive=*/false);
    apiserver::Refuse(*ResponseInto(outbox_), refusal);
  }

  // --- answering ---

  void OpenOutbox(bool keep_alive) {
    const auto& message = parser_->get();
    const auto accepted = message[http::field::accept_encoding];
    OutboxOptions options{
        .head_only = message.method() == http::verb::head,
        .chunks = message.version() >= 11,
        .keep_alive = keep_alive && message.keep_alive() && !draining_,
        .gzip = apiserver::AcceptsGzip({accepted.data(), accepted.size()}),
        .gzip_from_bytes = place_.limits.gzip_from_bytes,
        .unread_bytes = place_.limits.unread_bytes,
        .wake =
            [weak = weak_from_this(), gate = place_.gate] {
              kvshim::base::ReaderLock lock(gate->mutex);
              if (!gate->open) return;
              if (auto self = weak.lock()) {
                const auto executor = self->stream_.get_executor();
                asio::post(executor, [self = std::move(self)] { self->Flush(); });
              }
            },
    };
    access_ = {.method = std::string(message.method_string()),
               .path = std::string(message.target()),
               .peer = peer_};
    outbox_ = std::make_shared<Outbox>(std::move(options));
    answering_ = shared_from_this();
  }

  void TakeRequest() {
    OpenOutbox(/*keep_alive=*/true);
    read_timer_.cancel();
    apiserver::Refusal refusal;
    std::optional<apiserver::Request> request = MakeRequest(refusal);
    parser_.reset();
    // Goes on listening: for the client's leaving, or its next request.
    if (!reading_ && buffer_.size() == 0) ReadSome();
    auto response = ResponseInto(outbox_);
    if (!request) return apiserver::Refuse(*response, refusal);
    access_.path = request->path;
    const bool queued = place_.executor->Submit(
        [&handler = place_.handler, request = *std::move(request), response]() mutable {
          try {
            handler(std::move(request), std::move(response));
          } catch (const std::exception& error) {
            // The response, dropped, is an error to the client.
            kvshim::base::Log(kvshim::base::Level::kError, "a handler threw",
                              {{"what", error.what()}});
          }
        });
    if (!queued) {
      apiserver::Refuse(*response, {.code = 429,
                                    .reason = "TooManyRequests",
                                    .message = "the server has too many requests, please try again",
                                    .retry_after_seconds = 1});
    }
  }

  std::optional<apiserver::Request> MakeRequest(apiserver::Refusal& refusal) {
    auto& message = parser_->get();
    const auto line = message.target();
    absl::StatusOr<Target> target = Target::Parse({line.data(), line.size()});
    if (!target.ok()) {
      refusal = {
          .code = 400, .reason = "BadRequest", .message = std::string(target.status().message())};
      return std::nullopt;
    }
    apiserver::Request request{.method = access_.method,
                               .path = std::move(target->path),
                               .query = std::move(target->query),
                               .peer = peer_,
                               .certificates = certificates_};
    for (const auto& field : message) {
      request.headers.emplace_back(Lower(field.name_string()), std::string(field.value()));
    }
    request.body = std::move(message.body());
    if (request.Header("content-encoding") == "gzip") {
      absl::StatusOr<std::string> inflated =
          apiserver::Gunzip(request.body, place_.limits.body_bytes);
      if (!inflated.ok()) {
        const bool large = absl::IsResourceExhausted(inflated.status());
        refusal = {.code = large ? 413 : 400,
                   .reason = large ? "RequestEntityTooLarge" : "BadRequest",
                   .message = std::string(inflated.status().message())};
        return std::nullopt;
      }
      request.body = *std::move(inflated);
    }
    return request;
  }

  // Writes what there is, unless something is being written.
  void Flush() {
    if (closed_ || writing_ || outbox_ == nullptr) return;
    if (!outbox_->Take(piece_)) {
      switch (outbox_->phase()) {
        case Outbox::Phase::kOpen:
          return;
        case Outbox::Phase::kWhole:
          return Finish();
        case Outbox::Phase::kCut:
          return Abort();
      }
    }
    written_ = 0;
    writing_ = true;
    WriteSome();
  }

  void WriteSome() {
    Arm(write_timer_, place_.limits.stalled);
    stream_.async_write_some(
        asio::buffer(piece_.data() + written_, piece_.size() - written_),
        [self = shared_from_this()](error_code error, size_t count) {
          if (error) return self->Abort();
          self->written_ += count;
          if (self->written_ < self->piece_.size()) return self->WriteSome();
          self->writing_ = false;
          self->write_timer_.cancel();
          std::string().swap(self->piece_);  // an assignment would keep its memory
          self->Flush();
        });
  }

  void Finish() {
    const bool keep_alive = outbox_->keep_alive();
    access_.status = outbox_->status();
    access_.bytes = outbox_->bytes();
    access_.took = std::chrono::steady_clock::now() - begun_;
    outbox_ = nullptr;
    const auto self = std::move(answering_);
    if (place_.on_answered) place_.on_answered(access_);
    if (keep_alive) return Await();
    Close();
  }

  // --- the end ---

  void Close() {
    awaiting_ = false;
    if (reading_) return HalfClose();
    Arm(write_timer_, kLinger);
    stream_.async_shutdown([self = shared_from_this()](error_code) { self->HalfClose(); });
  }

  // A socket that is closed while bytes of its client are unread resets the connection, and the
  // answer may be lost with it: the client gets a moment to hear it.
  void HalfClose() {
    error_code ignored;
    stream_.lowest_layer().shutdown(asio::socket_base::shutdown_send, ignored);
    Arm(write_timer_, kLinger);
    if (!reading_) Linger();
  }

  void Linger() {
    stream_.next_layer().async_read_some(asio::buffer(discarded_),
                                         [self = shared_from_this()](error_code error, size_t) {
                                           if (error) return self->Abort();
                                           self->Linger();
                                         });
  }

  ConnectionPlace& place_;
  const std::string peer_;
  const std::shared_ptr<void> counted_;
  const std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<Socket> stream_;
  asio::steady_timer read_timer_;   // handshake, await, header, body
  asio::steady_timer write_timer_;  // a piece of the answer, the end
  std::shared_ptr<const std::vector<std::string>> certificates_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<Outbox> outbox_;  // of the request that is being answered
  // Itself, meanwhile: nothing else holds a connection that neither reads nor writes.
  std::shared_ptr<TlsConnection> answering_;
  Access access_;
  std::chrono::steady_clock::time_point begun_;
  std::string piece_;  // is being written, up to written_
  size_t written_ = 0;
  bool reading_ = false;   // ReadSome is under way
  bool awaiting_ = false;  // nothing of a request has come
  bool writing_ = false;
  bool draining_ = false;
  bool closed_ = false;
  std::array<char, 4096> discarded_;
};

}  // namespace

std::shared_ptr<Connection> Serve(Socket socket, std::shared_ptr<asio::ssl::context> context,
                                  ConnectionPlace& place, std::string peer,
                                  std::shared_ptr<void> counted) {
  auto connection = std::make_shared<TlsConnection>(std::move(socket), std::move(context), place,
                                                    std::move(peer), std::move(counted));
  connection->Start();
  return connection;
}

}  // namespace kvplane::https
