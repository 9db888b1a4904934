// How long an HTTP/1.1 client may take.
#pragma once

#include <chrono>

namespace kvshim::http {

struct SessionLimits {
  std::chrono::milliseconds handshake{10000};
  // For a request to come, once the connection is there or the last answer is sent, and for an
  // answer to be taken.
  std::chrono::milliseconds request{30000};
};

}  // namespace kvshim::http
