// Ports of 127.0.0.1 for servers that take no port 0.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace kvshim::bench {

// Free when asked.
absl::StatusOr<int> FreePort();

// Whether somebody accepts connections there.
bool Listens(int port);

// What the server sends first of its own accord, up to 256 bytes; empty where nothing comes within
// a second.
std::string Greeting(int port);

}  // namespace kvshim::bench
