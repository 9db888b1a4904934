#include "cluster/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/strings.h"
#include "cluster/hex.h"

namespace kvplane::cluster {
namespace {

constexpr std::string_view kPrefix = "K10";
constexpr size_t kHashDigits = 64;
constexpr size_t kPasswordBytes = 16;

bool IsHash(std::string_view text) {
  return text.size() == kHashDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::Status WrongForm() {
  return absl::InvalidArgumentError(
      "is not a token: a token is K10<sha256 of the CA>::server:<password>, as the file "
      "server/token of a server's data directory holds it, or a password alone");
}

}  // namespace

absl::StatusOr<Token> Token::Parse(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  const bool has_control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (has_control) return absl::InvalidArgumentError("holds line breaks or control characters");
  Token token;
  if (!text.starts_with(kPrefix)) {
    if (text.find("::") != std::string_view::npos) return WrongForm();
    token.password = text;
    return token;
  }
  text.remove_prefix(kPrefix.size());
  const size_t end = text.find("::");
  if (end == std::string_view::npos || !IsHash(text.substr(0, end))) return WrongForm();
  token.ca_hash = text.substr(0, end);
  text.remove_prefix(end + 2);
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return WrongForm();
  token.user = text.substr(0, colon);
  token.password = text.substr(colon + 1);
  return token;
}

std::string Token::Text() const {
  if (ca_hash.empty()) return password;
  return kvshim::base::Concat(kPrefix, ca_hash, "::", user, ":", password);
}

std::string RandomPassword() {
  unsigned char bytes[kPasswordBytes];
  // Without random bytes there is no password that may be used.
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) std::abort();
  return Hex({reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

std::string NodePassword(const std::string& server_password) {
  static constexpr std::string_view kLabel = "kvplane node password";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), server_password.data(), static_cast<int>(server_password.size()),
       reinterpret_cast<const unsigned char*>(kLabel.data()), kLabel.size(), digest, &size);
  return Hex({reinterpret_cast<const char*>(digest), kPasswordBytes});
}

}  // namespace kvplane::cluster
