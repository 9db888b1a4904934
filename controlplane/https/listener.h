// Listener: serves HTTP/1.1 over TLS to a handler.
//
// Event loops, one thread a core, do the I/O; the handler runs on other threads and may block. A
// client that says nothing or takes its time costs a socket and a timer; see limits.h.
//
// Thread safety: AddAddress before Start; SetIdentity from any thread; Drain and Stop from one that
// is none of the listener's.
//
//   ASSIGN_OR_RETURN(auto listener, Listener::Make({.handler = api}, identity));
//   RETURN_IF_ERROR(listener->AddAddress("127.0.0.1:0"));
//   listener->Start();
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "https/access.h"
#include "https/limits.h"
#include "https/tls_identity.h"

namespace kvplane::https {

struct ListenerOptions {
  apiserver::Handler handler;
  Limits limits;
  size_t io_threads = 0;        // 0: one a core
  size_t handler_threads = 16;  // handlers that may block at once
  size_t max_queued = 4096;     // requests that wait for such a thread; more get 429
  // Called after each answer, on a thread of the listener's; must not block.
  std::function<void(const Access&)> on_answered;
};

class Listener {
 public:
  static absl::StatusOr<std::unique_ptr<Listener>> Make(ListenerOptions options,
                                                        const TlsIdentity& identity);
  virtual ~Listener() = default;  // stops

  // host:port; port 0: any free one. Errors name the address.
  virtual absl::Status AddAddress(const std::string& address) = 0;
  virtual std::vector<std::string> addresses() const = 0;  // with their real ports

  virtual void Start() = 0;

  // For the connections to come.
  virtual absl::Status SetIdentity(const TlsIdentity& identity) = 0;

  virtual size_t connections() const = 0;

  // Accepts no more, ends streams, lets the other answers be finished for up to `grace`, stops.
  virtual void Drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace kvplane::https
