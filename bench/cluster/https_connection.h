// One connection to an HTTPS server, kept for one request after another: HTTP/1.1 over TLS. What an
// answer holds is handed on as it comes and kept nowhere, as lists and watches are long.
//
// Thread safety: the thread that runs the io_context.
//
//   HttpsConnection connection(io, tls);
//   RETURN_IF_ERROR(connection.Open(port));
//   connection.Ask("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", on_piece, on_end);
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvshim::bench {

class HttpsConnection {
 public:
  using OnPiece = std::function<void(std::string_view)>;
  // The answer's status once all of it was there; an error where the connection failed.
  using OnEnd = std::function<void(const absl::Status&, unsigned)>;

  HttpsConnection(boost::asio::io_context& io, boost::asio::ssl::context& tls);
  ~HttpsConnection();
  HttpsConnection(const HttpsConnection&) = delete;
  HttpsConnection& operator=(const HttpsConnection&) = delete;

  // To a port of 127.0.0.1; returns when TLS stands.
  absl::Status Open(int port);

  // One request at a time; the next one may be asked from `on_end`.
  void Ask(std::string request, OnPiece on_piece, OnEnd on_end);

  // Whatever is under way ends with an error.
  void Close();

 private:
  class Answer;

  void Read();
  // Gives what has arrived to the answer; whether that is all of it.
  absl::StatusOr<bool> Parse();
  void End(const absl::Status& status);

  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer arrived_;
  std::string request_;
  std::unique_ptr<Answer> answer_;
  OnPiece on_piece_;
  OnEnd on_end_;
};

}  // namespace kvshim::bench
