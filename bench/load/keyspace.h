// The keys that workloads read, and the names of all keys: fixed width, so that order is number.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "connections.h"

namespace kvshim::bench {

// "/bench/PREFIX/0000000042"
std::string KeyOf(const std::string& prefix, int64_t number);
// "/bench/PREFIX/" and the end of its range.
std::string PrefixOf(const std::string& prefix);
std::string PrefixEndOf(const std::string& prefix);

// `size` bytes that do not compress.
std::string ValueOf(size_t size);

// Puts keys 0 to count - 1 of `prefix`, by transactions of a hundred.
absl::Status Populate(Connections& connections, const std::string& prefix, int64_t count,
                      size_t value_size);

}  // namespace kvshim::bench
