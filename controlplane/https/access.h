// Access: one answered exchange, for logs and metrics.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace kvplane::https {

struct Access {
  std::string method;
  std::string path;
  std::string peer;
  int status = 0;
  size_t bytes = 0;  // of the body, before it was compressed
  std::chrono::steady_clock::duration took{};
};

}  // namespace kvplane::https
