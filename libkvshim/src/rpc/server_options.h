// What a Server is made with.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "rpc/observer.h"

namespace kvshim::rpc {

// The certificates of the next connection, which may be others than before. Called from any thread.
using TlsSource = std::function<std::shared_ptr<boost::asio::ssl::context>()>;

struct ServerOptions {
  // Event loops, each with a thread; 0: one per two cores.
  int threads = 0;

  // Of every connection; empty: plain text. Must offer "h2" by ALPN.
  TlsSource tls;

  // One message's most bytes. Larger ones are answered kResourceExhausted, the call ends.
  size_t max_receive_bytes = (size_t{3} << 19) + (size_t{512} << 10);
  // Calls one connection may have open; a client waits before it opens more.
  uint32_t max_concurrent_streams = 16384;
  // Calls under way over all connections, and the answer to further ones.
  size_t max_concurrent_calls = 65536;
  absl::Status too_many_calls = absl::ResourceExhaustedError("too many requests");

  // A stream's pending bytes at which OnDrained is called.
  size_t stream_low_water = size_t{64} << 10;

  // Clients that ping more often are disconnected, as those that ping without an open call.
  std::chrono::milliseconds min_ping_interval{5000};
  // How often we ask a silent client whether it is alive, and how long it may take to answer.
  std::chrono::milliseconds keepalive_interval{7200000};
  std::chrono::milliseconds keepalive_timeout{20000};
  // TLS handshake and HTTP/2 settings must be through by then.
  std::chrono::milliseconds handshake_timeout{10000};

  bool health = true;
  bool reflection = true;

  // Not owned; may be null.
  CallObserver* observer = nullptr;
};

}  // namespace kvshim::rpc
