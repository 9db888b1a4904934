// What one client, and all of them, may take of the listener.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace kvplane::https {

struct Limits {
  size_t max_connections = 8192;
  uint32_t header_bytes = 64 << 10;    // of a request's line and headers
  uint64_t body_bytes = 3 << 20;       // as sent, and inflated
  size_t unread_bytes = 8 << 20;       // of a streamed answer that waits for its client
  size_t gzip_from_bytes = 128 << 10;  // answers below are sent as they are

  std::chrono::milliseconds handshake{10000};
  std::chrono::milliseconds idle{180000};   // between two requests of a connection
  std::chrono::milliseconds header{10000};  // from a request's first byte to the end of its headers
  std::chrono::milliseconds body{60000};    // for the whole of it
  std::chrono::milliseconds stalled{60000};  // of an answer of which the client takes nothing
};

}  // namespace kvplane::https
