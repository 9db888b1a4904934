// What a new object is given: an identity, a time, a name where it asks for one.
//
// Thread safety: pure but for the clock and the machine's randomness.
//
//   NewUid() == "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
//   GenerateName("web-") == "web-x7k2p";
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace kvplane::registry {

std::string NewUid();
std::string GenerateName(std::string_view prefix);
// RFC 3339, whole seconds.
std::string FormatNow(std::chrono::seconds later = std::chrono::seconds(0));

}  // namespace kvplane::registry
