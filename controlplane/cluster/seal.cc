#include "cluster/seal.h"

#include <openssl/rand.h>

#include <array>

#include "base/status.h"
#include "cluster/hex.h"
#include "cluster/openssl_handle.h"

namespace kvplane::cluster {
namespace {

constexpr char kVersion = 1;
constexpr size_t kSaltBytes = 16;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeaderBytes = 1 + kSaltBytes + kNonceBytes;
constexpr size_t kNameBytes = 16;
constexpr std::string_view kNameSalt = "kvplane seal name";

constexpr uint64_t kScryptN = 1 << 14;
constexpr uint64_t kScryptR = 8;
constexpr uint64_t kScryptP = 1;
constexpr uint64_t kScryptMemory = 32 << 20;

using Key = std::array<unsigned char, 32>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text, size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data() + offset);
}

absl::StatusOr<Key> DeriveKey(std::string_view password, std::string_view salt) {
  Key key;
  if (EVP_PBE_scrypt(password.data(), password.size(), Bytes(salt), salt.size(), kScryptN, kScryptR,
                     kScryptP, kScryptMemory, key.data(), key.size()) != 1) {
    return OpenSslError("deriving a key");
  }
  return key;
}

}  // namespace

absl::StatusOr<std::string> Seal(std::string_view password, std::string_view context,
                                 std::string_view plain) {
  std::string sealed(kHeaderBytes + plain.size() + kTagBytes, '\0');
  sealed[0] = kVersion;
  if (RAND_bytes(Bytes(sealed, 1), kSaltBytes + kNonceBytes) != 1) {
    return OpenSslError("drawing random bytes");
  }
  ASSIGN_OR_RETURN(const Key key,
                   DeriveKey(password, std::string_view(sealed).substr(1, kSaltBytes)));
  const CipherHandle cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                         Bytes(sealed, 1 + kSaltBytes)) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), Bytes(sealed, kHeaderBytes), &size, Bytes(plain),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          Bytes(sealed, kHeaderBytes + plain.size())) != 1) {
    return OpenSslError("sealing");
  }
  return sealed;
}

absl::StatusOr<std::string> Open(std::string_view password, std::string_view context,
                                 std::string_view sealed) {
  if (sealed.size() < kHeaderBytes + kTagBytes || sealed[0] != kVersion) {
    return absl::PermissionDeniedError("is not sealed in a way that this release knows");
  }
  ASSIGN_OR_RETURN(const Key key, DeriveKey(password, sealed.substr(1, kSaltBytes)));
  const std::string_view nonce = sealed.substr(1 + kSaltBytes, kNonceBytes);
  const std::string_view body =
      sealed.substr(kHeaderBytes, sealed.size() - kHeaderBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const CipherHandle cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), Bytes(nonce)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), Bytes(plain, 0), &size, Bytes(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return OpenSslError("opening a seal");
  }
  if (EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) != 1) {
    ERR_clear_error();
    return absl::PermissionDeniedError("was sealed with another password, or has been changed");
  }
  return plain;
}

absl::StatusOr<std::string> SealName(std::string_view password) {
  ASSIGN_OR_RETURN(const Key key, DeriveKey(password, kNameSalt));
  return Hex({reinterpret_cast<const char*>(key.data()), kNameBytes});
}

}  // namespace kvplane::cluster
