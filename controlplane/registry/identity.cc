#include "registry/identity.h"

#include <cstdint>
#include <cstdio>
#include <random>

#include "api/timestamp.h"

namespace kvplane::registry {

namespace {

uint64_t Random() {
  thread_local std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

std::string NewUid() {
  // RFC 4122, version 4: random but for six bits.
  const uint64_t high = (Random() & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = (Random() & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
  char text[37];
  std::snprintf(text, sizeof(text), "%08llx-%04llx-%04llx-%04llx-%012llx",
                static_cast<unsigned long long>(high >> 32),
                static_cast<unsigned long long>(high >> 16 & 0xffff),
                static_cast<unsigned long long>(high & 0xffff),
                static_cast<unsigned long long>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}

std::string GenerateName(std::string_view prefix) {
  // No vowels and nothing that looks like another, so that no words come of it.
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  constexpr size_t kLongest = 63;
  constexpr size_t kRandom = 5;
  std::string name(prefix.substr(0, kLongest - kRandom));
  for (size_t i = 0; i < kRandom; ++i) name += kLetters[Random() % kLetters.size()];
  return name;
}

std::string FormatNow(std::chrono::seconds later) {
  const auto now = std::chrono::system_clock::now() + later;
  return api::FormatTime(
      {.seconds =
           std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()});
}

}  // namespace kvplane::registry
