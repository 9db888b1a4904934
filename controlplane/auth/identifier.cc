#include "auth/identifier.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace kvplane::auth {

std::string RandomIdentifier() {
  static constexpr char kDigits[] = "0123456789abcdef";
  unsigned char bytes[16];
  // Without random bytes nothing may go on that relies on them.
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) std::abort();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (size_t i = 0; i < sizeof(bytes); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace kvplane::auth
