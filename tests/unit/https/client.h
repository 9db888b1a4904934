// A client over TLS: bytes there and back. Every wait has an end.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "cluster/certificate.h"
#include "cluster/openssl_handle.h"

namespace kvplane::https {

inline int ConnectTo(const std::string& address) {
  sockaddr_in name{.sin_family = AF_INET};
  name.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0) << strerror(errno);
  const timeval limit{.tv_sec = 20};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return fd;
}

class Client {
 public:
  explicit Client(const std::string& address, const cluster::KeyedCertificate& own = {})
      : fd_(ConnectTo(address)), context_(SSL_CTX_new(TLS_client_method())) {
    if (!own.certificate.empty()) {
      const cluster::CertificateHandle certificate(PEM_read_bio_X509(
          cluster::ReadOnlyBio(own.certificate).get(), nullptr, nullptr, nullptr));
      const cluster::KeyHandle key(
          PEM_read_bio_PrivateKey(cluster::ReadOnlyBio(own.key).get(), nullptr, nullptr, nullptr));
      SSL_CTX_use_certificate(context_.get(), certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  ~Client() { Close(); }

  void Close() {
    ssl_ = nullptr;
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  bool connected() const { return connected_; }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  std::string ReadUntil(std::string_view end) {
    std::string all;
    char byte = 0;
    while (!all.ends_with(end) && SSL_read(ssl_.get(), &byte, 1) == 1) all.push_back(byte);
    return all;
  }
  std::string Read(size_t count) {
    std::string all(count, '\0');
    size_t have = 0;
    while (have < count) {
      const int got = SSL_read(ssl_.get(), all.data() + have, static_cast<int>(count - have));
      if (got <= 0) break;
      have += static_cast<size_t>(got);
    }
    all.resize(have);
    return all;
  }
  // A whole answer with a length; its head is in `head`.
  std::string ReadAnswer(std::string* head = nullptr) {
    const std::string text = ReadUntil("\r\n\r\n");
    if (head != nullptr) *head = text;
    const size_t length = text.find("content-length: ");
    if (length == text.npos) return "";
    return Read(std::stoul(text.substr(length + 16)));
  }
  // Everything until the other side closes.
  std::string ReadToEnd() {
    std::string all;
    char chunk[4096];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), chunk, sizeof(chunk))) > 0) {
      all.append(chunk, static_cast<size_t>(count));
    }
    return all;
  }

 private:
  int fd_;
  const std::unique_ptr<SSL_CTX, cluster::OpenSslFree<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, cluster::OpenSslFree<SSL_free>> ssl_;
  bool connected_ = false;
};

}  // namespace kvplane::https
