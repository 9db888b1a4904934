#include "keyspace.h"

#include <algorithm>
#include <random>

#include "base/strings.h"

namespace kvshim::bench {

std::string KeyOf(const std::string& prefix, int64_t number) {
  const std::string digits = std::to_string(number);
  return base::Concat(PrefixOf(prefix), std::string(10 - std::min<size_t>(10, digits.size()), '0'),
                      digits);
}

std::string PrefixOf(const std::string& prefix) { return base::Concat("/bench/", prefix, "/"); }

// '0' follows '/'.
std::string PrefixEndOf(const std::string& prefix) { return base::Concat("/bench/", prefix, "0"); }

std::string ValueOf(size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string value(size, '\0');
  for (char& byte : value) byte = static_cast<char>(random());
  return value;
}

}  // namespace kvshim::bench
