// Listener: accepts connections, looks at their first bytes, and gives HTTP/2 to gRPC while it
// serves HTTP/1.1 itself: one port for both, as etcd has it.
//
// One thread serves every address. A client that says nothing, or takes its time, costs a socket
// and a timer: each phase has its time limit, bodies and headers their size limit, connections
// their number.
//
// Thread safety: AddAddress before Start; Stop once, from another thread than the listener's.
//
//   Listener listener({.pages = &pages, .take_http2 = [&](int fd, std::string_view read) {
//     rpc->TakeConnection(fd, read);
//   }});
//   RETURN_IF_ERROR(listener.AddAddress("127.0.0.1:2379"));
//   listener.Start();
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "http/certificates.h"
#include "http/pages.h"
#include "http/session_limits.h"

namespace kvshim::http {

struct ListenerOptions {
  const Pages* pages = nullptr;          // outlives the listener
  Certificates* certificates = nullptr;  // the same; null: plain text
  // Takes over a socket whose client speaks HTTP/2, with what has been read from it. Empty: such
  // clients are closed.
  std::function<void(int fd, std::string_view read_already)> take_http2;
  // Connections that are being looked at or speak HTTP/1.1; further ones are closed.
  size_t max_connections = 4096;
  // How long the client may take to say what it speaks.
  std::chrono::milliseconds first_bytes_limit{10000};
  SessionLimits session;
};

class Listener {
 public:
  explicit Listener(ListenerOptions options);
  // Stops.
  ~Listener();

  // Binds. Errors name the address.
  absl::Status AddAddress(const std::string& address);
  // The addresses bound, as ListeningSocket::address().
  std::vector<std::string> addresses() const;

  void Start();
  // Closes the addresses and the HTTP/1.1 connections; what gRPC took goes on.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvshim::http
