// AES-256-GCM: bytes that only who has the key can read, or make.
//
//   nonce (12 bytes, random) | ciphertext | tag (16)
//
// `context` is not in the bytes but must be the same when they are opened: what is moved to another
// place does not open there. Random nonces are good for some 2^32 messages a key.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::cluster {

inline constexpr size_t kAesKeyBytes = 32;

absl::StatusOr<std::string> EncryptGcm(std::string_view key, std::string_view context,
                                       std::string_view plain);

// kPermissionDenied where the key is another or the bytes have been changed.
absl::StatusOr<std::string> DecryptGcm(std::string_view key, std::string_view context,
                                       std::string_view bytes);

absl::StatusOr<std::string> RandomBytes(size_t size);

}  // namespace kvplane::cluster
