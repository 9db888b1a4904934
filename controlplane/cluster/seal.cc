#include "cluster/seal.h"

#include <cstdint>

#include "base/status.h"
#include "base/strings.h"
#include "cluster/aes_gcm.h"
#include "cluster/hex.h"
#include "cluster/openssl_handle.h"

namespace kvplane::cluster {
namespace {

constexpr char kVersion = 1;
constexpr size_t kSaltBytes = 16;
constexpr size_t kHeaderBytes = 1 + kSaltBytes;
constexpr size_t kNameBytes = 16;
constexpr std::string_view kNameSalt = "kvplane seal name";

constexpr uint64_t kScryptN = 1 << 14;
constexpr uint64_t kScryptR = 8;
constexpr uint64_t kScryptP = 1;
constexpr uint64_t kScryptMemory = 32 << 20;

absl::StatusOr<std::string> DeriveKey(std::string_view password, std::string_view salt) {
  std::string key(kAesKeyBytes, '\0');
  if (EVP_PBE_scrypt(password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), kScryptN,
                     kScryptR, kScryptP, kScryptMemory,
                     reinterpret_cast<unsigned char*>(key.data()), key.size()) != 1) {
    return OpenSslError("deriving a key");
  }
  return key;
}

}  // namespace

absl::StatusOr<std::string> Seal(std::string_view password, std::string_view context,
                                 std::string_view plain) {
  ASSIGN_OR_RETURN(const std::string salt, RandomBytes(kSaltBytes));
  ASSIGN_OR_RETURN(const std::string key, DeriveKey(password, salt));
  ASSIGN_OR_RETURN(const std::string encrypted, EncryptGcm(key, context, plain));
  return kvshim::base::Concat(kVersion, salt, encrypted);
}

absl::StatusOr<std::string> Open(std::string_view password, std::string_view context,
                                 std::string_view sealed) {
  if (sealed.size() < kHeaderBytes || sealed[0] != kVersion) {
    return absl::PermissionDeniedError("is not sealed in a way that this release knows");
  }
  ASSIGN_OR_RETURN(const std::string key, DeriveKey(password, sealed.substr(1, kSaltBytes)));
  absl::StatusOr<std::string> plain = DecryptGcm(key, context, sealed.substr(kHeaderBytes));
  if (plain.ok() || !absl::IsPermissionDenied(plain.status())) return plain;
  return absl::PermissionDeniedError("was sealed with another password, or has been changed");
}

absl::StatusOr<std::string> SealName(std::string_view password) {
  ASSIGN_OR_RETURN(const std::string key, DeriveKey(password, kNameSalt));
  return Hex(std::string_view(key).substr(0, kNameBytes));
}

}  // namespace kvplane::cluster
