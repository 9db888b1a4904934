// Seal: bytes that only who knows a password can read, or make (AES-256-GCM, the key by scrypt).
//
//   version 1 | salt (16 bytes) | what aes_gcm.h makes
//
// `context` is not in the bytes but must be the same when they are opened: a seal that is moved to
// another place does not open there.
//
// Thread safety: pure functions. Each call costs scrypt's 16 MiB and some 50 ms, so that passwords
// cannot be tried by the million.
//
//   ASSIGN_OR_RETURN(std::string sealed, Seal(password, "/bootstrap/1", plain));
//   ASSIGN_OR_RETURN(std::string plain, Open(password, "/bootstrap/1", sealed));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::cluster {

absl::StatusOr<std::string> Seal(std::string_view password, std::string_view context,
                                 std::string_view plain);

// kPermissionDenied where the password is another or the bytes have been changed.
absl::StatusOr<std::string> Open(std::string_view password, std::string_view context,
                                 std::string_view sealed);

// A name for what the password seals, which tells no more of it than the seal does.
absl::StatusOr<std::string> SealName(std::string_view password);

}  // namespace kvplane::cluster
