// KeyRing: the keys that values are encrypted with, and the form that encrypted values have, which
// is that of Kubernetes' provider aesgcm:
//
//   k8s:enc:aesgcm:v1:<name of the key>:<nonce, ciphertext, tag>     (cluster/aes_gcm.h)
//
// The value's own key in the store is its context: a secret that is moved to another name does not
// open there.
//
// Thread safety: values and pure functions.
//
//   ASSIGN_OR_RETURN(std::string stored, ring.Encrypt("/registry/secrets/default/a", value));
//   ASSIGN_OR_RETURN(std::string value, ring.Decrypt("/registry/secrets/default/a", stored));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvplane::encryption {

struct DataKey {
  std::string name;
  std::string secret;  // 32 bytes
};

struct KeyRing {
  bool enabled = false;       // whether what is written is encrypted
  std::vector<DataKey> keys;  // the first is what is written with; the others only read

  // The value as it is to be stored: as it is where the ring is not enabled.
  absl::StatusOr<std::string> Encrypt(std::string_view key, std::string_view value) const;
  // What is not encrypted is returned as it is. kNotFound where the ring lacks the key's name,
  // kDataLoss where the value does not open.
  absl::StatusOr<std::string> Decrypt(std::string_view key, std::string_view stored) const;
  // Whether Encrypt would store it so.
  bool IsCurrent(std::string_view stored) const;

  // With a new key in front; of the older ones the newest `kept` remain.
  absl::StatusOr<KeyRing> Rotated(size_t kept) const;

  std::string ToJson() const;
  static absl::StatusOr<KeyRing> FromJson(std::string_view text);
};

bool IsEncrypted(std::string_view stored);

}  // namespace kvplane::encryption
