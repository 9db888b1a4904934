// The keys that workloads read, and the names of all keys: fixed width, so that order is number.
#pragma once

#include <string>

namespace kvshim::bench {

// "/bench/PREFIX/0000000042"
std::string KeyOf(const std::string& prefix, int64_t number);
// "/bench/PREFIX/" and the end of its range.
std::string PrefixOf(const std::string& prefix);
std::string PrefixEndOf(const std::string& prefix);

// `size` bytes that do not compress.
std::string ValueOf(size_t size);

}  // namespace kvshim::bench
