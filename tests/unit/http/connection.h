// A plain client: bytes to a socket and back, over TCP, unix sockets and TLS. Every wait has an
// end.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace kvshim::http {

// `address` as Listener::addresses() has it.
inline int ConnectTo(const std::string& address) {
  int fd = -1;
  int result = -1;
  if (address.starts_with("unix://")) {
    sockaddr_un name{.sun_family = AF_UNIX};
    address.copy(name.sun_path, sizeof(name.sun_path) - 1, 7);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    result = connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name));
  } else {
    sockaddr_in name{.sin_family = AF_INET};
    name.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    result = connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name));
  }
  EXPECT_EQ(result, 0) << address << ": " << strerror(errno);
  const timeval limit{.tv_sec = 20};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return fd;
}

class Connection {
 public:
  explicit Connection(const std::string& address) : fd_(ConnectTo(address)) {}
  ~Connection() { close(fd_); }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Everything until the other side closes.
  std::string ReadToEnd() {
    std::string all;
    char chunk[4096];
    ssize_t count = 0;
    while ((count = recv(fd_, chunk, sizeof(chunk), 0)) > 0) all.append(chunk, count);
    closed_ = count == 0 || errno == ECONNRESET;
    return all;
  }
  // Until `end` has come.
  std::string ReadUntil(std::string_view end) {
    std::string all;
    char byte = 0;
    while (!all.ends_with(end) && recv(fd_, &byte, 1, 0) == 1) all.push_back(byte);
    return all;
  }
  // Whether ReadToEnd ended because the other side closed.
  bool closed() const { return closed_; }

 private:
  const int fd_;
  bool closed_ = false;
};

struct TlsOptions {
  std::string trusted;    // PEM of the authority
  std::string alpn;       // as on the wire: "\x08http/1.1"; empty: none
  std::string cert, key;  // PEM of the client's own; may be empty
};

// One request over TLS and everything that comes back; nothing where the handshake fails.
class TlsConnection {
 public:
  TlsConnection(const std::string& address, const TlsOptions& options) : fd_(ConnectTo(address)) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), Read(options.trusted).get());
    if (!options.cert.empty()) {
      SSL_CTX_use_certificate(context_.get(), Read(options.cert).get());
      const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
          BIO_new_mem_buf(options.key.data(), static_cast<int>(options.key.size())), &BIO_free);
      const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
          PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
      SSL_CTX_use_PrivateKey(context_.get(), key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned>(options.alpn.size()));
    }
    SSL_set_fd(ssl_.get(), fd_);
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  ~TlsConnection() {
    ssl_ = nullptr;
    close(fd_);
  }

  bool connected() const { return connected_; }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
  }
  std::string Ask(std::string_view request) {
    if (!connected_) return "";
    SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    std::string all;
    char chunk[4096];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), chunk, sizeof(chunk))) > 0) all.append(chunk, count);
    return all;
  }

 private:
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  static Certificate Read(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free};
  }

  const int fd_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  bool connected_ = false;
};

}  // namespace kvshim::http
