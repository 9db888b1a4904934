// TlsSession: one connection's encryption, on the server's side: bytes in, bytes out, no socket.
//
// Thread safety: none.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace kvshim::rpc {

class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<boost::asio::ssl::context> context);

  // Takes what came from the client. False: the connection is beyond help.
  bool PutCipher(std::string_view bytes);
  // Goes on with the handshake, where it is not over. False: it failed.
  bool Handshake();
  bool is_established() const { return established_; }
  // The next plain bytes, as many as there are and fit. 0: more is needed; -1: the client has ended
  // the session or broken its rules.
  int Read(char* out, size_t size);

  // False: the connection is beyond help.
  bool Write(std::string_view plain);
  // Moves what is to go to the client, of the handshake as of Write, to the end of `out`.
  void TakeCipher(std::string& out);

  // The common name of the client's verified certificate; empty without one.
  std::string peer_common_name() const;

 private:
  const std::shared_ptr<boost::asio::ssl::context> context_;
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  BIO* in_ = nullptr;  // both are ssl_'s
  BIO* out_ = nullptr;
  bool established_ = false;
};

}  // namespace kvshim::rpc
