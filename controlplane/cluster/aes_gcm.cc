#include "cluster/aes_gcm.h"

#include <openssl/rand.h>

#include "base/status.h"
#include "cluster/openssl_handle.h"

namespace kvplane::cluster {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text, size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data() + offset);
}

}  // namespace

absl::StatusOr<std::string> RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(Bytes(bytes, 0), static_cast<int>(size)) == 1) return bytes;
  return OpenSslError("drawing random bytes");
}

absl::StatusOr<std::string> EncryptGcm(std::string_view key, std::string_view context,
                                       std::string_view plain) {
  ASSIGN_OR_RETURN(std::string out, RandomBytes(kNonceBytes));
  out.resize(kNonceBytes + plain.size() + kTagBytes);
  const CipherHandle cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(out, 0)) !=
          1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), Bytes(out, kNonceBytes), &size, Bytes(plain),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          Bytes(out, kNonceBytes + plain.size())) != 1) {
    return OpenSslError("encrypting");
  }
  return out;
}

absl::StatusOr<std::string> DecryptGcm(std::string_view key, std::string_view context,
                                       std::string_view bytes) {
  const auto refused = [] {
    return absl::PermissionDeniedError("was encrypted with another key, or has been changed");
  };
  if (bytes.size() < kNonceBytes + kTagBytes) return refused();
  const std::string_view body = bytes.substr(kNonceBytes, bytes.size() - kNonceBytes - kTagBytes);
  std::string tag(bytes.substr(bytes.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const CipherHandle cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(bytes)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), Bytes(plain, 0), &size, Bytes(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return OpenSslError("decrypting");
  }
  if (EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) == 1) return plain;
  ERR_clear_error();
  return refused();
}

}  // namespace kvplane::cluster
