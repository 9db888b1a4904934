// ListeningSocket: a bound and listening socket, TCP or unix, and its address as a URL has it.
//
// Thread safety: none; moved only.
//
//   ASSIGN_OR_RETURN(ListeningSocket socket, ListeningSocket::Open("127.0.0.1:0"));
//   socket.address() == "127.0.0.1:40123"
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::http {

class ListeningSocket {
 public:
  // `address`: host:port (port 0: any free one; no host: every interface; [::1]:port) or
  // unix://PATH. Errors name the address. A host name may stand for several addresses: the first
  // is taken. A unix socket that nobody serves any more is replaced.
  static absl::StatusOr<ListeningSocket> Open(const std::string& address);

  ListeningSocket(ListeningSocket&& other) noexcept { *this = std::move(other); }
  ListeningSocket& operator=(ListeningSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(address_, other.address_);
    std::swap(path_, other.path_);
    return *this;
  }
  // Removes a unix socket's file.
  ~ListeningSocket();

  int fd() const { return fd_; }
  bool is_unix() const { return !path_.empty(); }
  // host:port with the real port, 0.0.0.0 or [::] where every interface is meant; unix://PATH.
  const std::string& address() const { return address_; }

 private:
  ListeningSocket() = default;

  int fd_ = -1;
  std::string address_;
  std::string path_;  // of a unix socket
};

}  // namespace kvshim::http
