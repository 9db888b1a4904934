#include "https_connection.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <optional>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using boost::beast::error_code;
using boost::beast::string_view;

// Above a record of TLS, which is what one read gives.
constexpr size_t kReadBytes = size_t{32} << 10;

absl::Status Failed(const char* what, const error_code& error) {
  return absl::UnavailableError(base::Concat(what, ": ", error.message()));
}

}  // namespace

class HttpsConnection::Answer : public http::basic_parser<false> {
 public:
  explicit Answer(const OnPiece& on_piece) : on_piece_(on_piece) {
    eager(true);
    body_limit(std::numeric_limits<uint64_t>::max());
  }

  unsigned code() const { return code_; }

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override {
    code_ = static_cast<unsigned>(code);
  }
  void on_field_impl(http::field, string_view, string_view, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(string_view piece, error_code&) override { return Take(piece); }
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, string_view piece, error_code&) override {
    return Take(piece);
  }
  void on_finish_impl(error_code&) override {}

  size_t Take(string_view piece) {
    on_piece_({piece.data(), piece.size()});
    return piece.size();
  }

  const OnPiece& on_piece_;
  unsigned code_ = 0;
};

HttpsConnection::HttpsConnection(asio::io_context& io, asio::ssl::context& tls)
    : stream_(io, tls) {}

HttpsConnection::~HttpsConnection() = default;

absl::Status HttpsConnection::Open(int port) {
  error_code error;
  auto& socket = stream_.next_layer();
  socket.connect({asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)}, error);
  if (error) return Failed("connecting", error);
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  stream_.handshake(asio::ssl::stream_base::client, error);
  return error ? Failed("TLS", error) : absl::OkStatus();
}

void HttpsConnection::Ask(std::string request, OnPiece on_piece, OnEnd on_end) {
  request_ = std::move(request);
  on_piece_ = std::move(on_piece);
  on_end_ = std::move(on_end);
  answer_ = std::make_unique<Answer>(on_piece_);
  asio::async_write(stream_, asio::buffer(request_), [this](const error_code& error, size_t) {
    if (error) return End(Failed("sending", error));
    Read();
  });
}

void HttpsConnection::Read() {
  stream_.async_read_some(arrived_.prepare(kReadBytes),
                          [this](const error_code& error, size_t bytes) {
                            if (error) return End(Failed("receiving", error));
                            arrived_.commit(bytes);
                            const absl::StatusOr<bool> all = Parse();
                            if (!all.ok()) return End(all.status());
                            *all ? End(absl::OkStatus()) : Read();
                          });
}

absl::StatusOr<bool> HttpsConnection::Parse() {
  while (arrived_.size() > 0) {
    error_code error;
    arrived_.consume(answer_->put(arrived_.data(), error));
    if (answer_->is_done()) return true;
    if (error == http::error::need_more) return false;
    if (error) return Failed("the answer", error);
  }
  return false;
}

void HttpsConnection::End(const absl::Status& status) {
  // Kept here, as the callback may ask anew.
  const OnEnd on_end = std::move(on_end_);
  on_end(status, answer_->code());
}

void HttpsConnection::Close() {
  error_code ignored;
  stream_.next_layer().close(ignored);
}

}  // namespace kvshim::bench
