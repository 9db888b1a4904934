#include "auth/jwt.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <utility>

#include "api/base64.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;

constexpr size_t kNumberBytes = 32;  // of P-256's coordinates and of a signature's two numbers
constexpr size_t kMaxTokenBytes = 16 << 10;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::Status Forged() { return absl::UnauthenticatedError("the token is not one of this cluster"); }

absl::StatusOr<std::string> Coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) {
    return absl::InvalidArgumentError("is no key on P-256");
  }
  const Number number(raw);
  std::string bytes(kNumberBytes, '\0');
  if (BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.data()), kNumberBytes) < 0) {
    return absl::InvalidArgumentError("is no key on P-256");
  }
  return bytes;
}

std::string Sha256(std::string_view text) {
  std::string digest(32, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  return digest;
}

// A JWT's signature is the two numbers side by side; OpenSSL's is DER.
absl::StatusOr<std::string> FromDer(std::string_view der) {
  const unsigned char* at = Bytes(der);
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (signature == nullptr) return absl::InternalError("OpenSSL made no signature");
  std::string plain(2 * kNumberBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kNumberBytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kNumberBytes, kNumberBytes);
  return plain;
}

std::string ToDer(std::string_view plain) {
  const Signature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Bytes(plain), kNumberBytes, nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(plain) + kNumberBytes, kNumberBytes, nullptr);
  ECDSA_SIG_set0(signature.get(), r, s);
  unsigned char* bytes = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &bytes);
  if (size < 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

absl::StatusOr<json::Object> DecodePart(std::string_view part) {
  ASSIGN_OR_RETURN(const std::string text, DecodeBase64Url(part));
  ASSIGN_OR_RETURN(json::Value value, api::ParseJson(text));
  if (!value.is_object()) return Forged();
  return std::move(value.get_object());
}

bool Says(const json::Object& object, std::string_view name, std::string_view text) {
  const json::Value* member = json::Find(object, name);
  return member != nullptr && member->is_string() && json::View(member->get_string()) == text;
}

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) {
  std::string text = api::EncodeBase64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

absl::StatusOr<std::string> DecodeBase64Url(std::string_view text) {
  std::string plain(text);
  if (plain.find_first_of("+/=\r\n") != std::string::npos) {
    return absl::InvalidArgumentError("is not base64 for URLs");
  }
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  plain.append((4 - plain.size() % 4) % 4, '=');
  return api::DecodeBase64(plain);
}

struct JwtKey::Rep {
  std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>> key;
  std::string id;
  std::string public_pem;
  json::Object jwk;
};

const json::Object& JwtKey::PublicJwk() const { return rep_->jwk; }
const std::string& JwtKey::id() const { return rep_->id; }
const std::string& JwtKey::public_pem() const { return rep_->public_pem; }

absl::StatusOr<JwtKey> JwtKey::FromPem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto rep = std::make_shared<Rep>();
  rep->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (rep->key == nullptr || EVP_PKEY_is_a(rep->key.get(), "EC") != 1) {
    return absl::InvalidArgumentError("is not a PEM private key on P-256");
  }
  ASSIGN_OR_RETURN(const std::string x, Coordinate(rep->key.get(), OSSL_PKEY_PARAM_EC_PUB_X));
  ASSIGN_OR_RETURN(const std::string y, Coordinate(rep->key.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
  rep->id = EncodeBase64Url(Sha256(x + y));
  rep->jwk = {{"use", "sig"},
              {"kty", "EC"},
              {"kid", json::ToBoost(rep->id)},
              {"crv", "P-256"},
              {"alg", "ES256"},
              {"x", json::ToBoost(EncodeBase64Url(x))},
              {"y", json::ToBoost(EncodeBase64Url(y))}};
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), rep->key.get());
  const char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  rep->public_pem.assign(data, static_cast<size_t>(size));
  return JwtKey(std::move(rep));
}

absl::StatusOr<std::string> JwtKey::Sign(const json::Object& claims) const {
  const json::Object header{{"alg", "ES256"}, {"kid", json::ToBoost(rep_->id)}};
  std::string token =
      EncodeBase64Url(api::ToJson(header)) + "." + EncodeBase64Url(api::ToJson(claims));
  const Digest digest(EVP_MD_CTX_new());
  size_t size = 0;
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, rep_->key.get()) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, Bytes(token), token.size()) != 1) {
    return absl::InternalError("cannot sign a token");
  }
  std::string der(size, '\0');
  if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                     Bytes(token), token.size()) != 1) {
    return absl::InternalError("cannot sign a token");
  }
  der.resize(size);
  ASSIGN_OR_RETURN(const std::string signature, FromDer(der));
  return token + "." + EncodeBase64Url(signature);
}

absl::StatusOr<json::Object> JwtKey::Verify(std::string_view token) const {
  if (token.size() > kMaxTokenBytes) return Forged();
  const size_t first = token.find('.');
  const size_t second = token.find('.', first == token.npos ? first : first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return Forged();
  const auto header = DecodePart(token.substr(0, first));
  // The algorithm is ours to choose, not the token's.
  if (!header.ok() || !Says(*header, "alg", "ES256")) return Forged();
  const auto signature = DecodeBase64Url(token.substr(second + 1));
  if (!signature.ok() || signature->size() != 2 * kNumberBytes) return Forged();
  const std::string der = ToDer(*signature);
  const std::string_view signed_text = token.substr(0, second);
  const Digest digest(EVP_MD_CTX_new());
  const bool sound =
      EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, rep_->key.get()) == 1 &&
      EVP_DigestVerify(digest.get(), Bytes(der), der.size(), Bytes(signed_text),
                       signed_text.size()) == 1;
  ERR_clear_error();
  if (!sound) return Forged();
  auto claims = DecodePart(token.substr(first + 1, second - first - 1));
  if (!claims.ok()) return Forged();
  return claims;
}

}  // namespace kvplane::auth
