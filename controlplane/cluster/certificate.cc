#include "cluster/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "base/status.h"
#include "base/strings.h"
#include "cluster/hex.h"
#include "cluster/openssl_handle.h"
#include "cluster/signing_request.h"

namespace kvplane::cluster {
namespace {

using kvshim::base::Concat;

constexpr std::chrono::seconds kAuthorityLifetime = std::chrono::hours(10 * 365 * 24);
constexpr std::chrono::seconds kClockDifference = std::chrono::hours(1);
constexpr int kSerialBits = 159;  // 20 bytes, positive

absl::StatusOr<std::string> KeyText(EVP_PKEY* key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return OpenSslError("writing a key");
  }
  return Content(bio.get());
}

absl::StatusOr<std::string> CertificateText(X509* certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) return OpenSslError("writing a certificate");
  return Content(bio.get());
}

absl::StatusOr<CertificateHandle> ParseCertificate(std::string_view pem) {
  CertificateHandle certificate(
      PEM_read_bio_X509(ReadOnlyBio(pem).get(), nullptr, nullptr, nullptr));
  if (certificate != nullptr) return certificate;
  ERR_clear_error();
  return absl::InvalidArgumentError("is not a PEM certificate");
}

absl::StatusOr<KeyHandle> ParseKey(std::string_view pem) {
  KeyHandle key(PEM_read_bio_PrivateKey(ReadOnlyBio(pem).get(), nullptr, nullptr, nullptr));
  if (key != nullptr) return key;
  ERR_clear_error();
  return absl::InvalidArgumentError("is not a PEM private key");
}

absl::Status AddName(X509_NAME* name, const char* field, std::string_view value) {
  if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) == 1) {
    return absl::OkStatus();
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(
      Concat("'", value, "' cannot stand as ", std::string_view(field), " in a certificate"));
}

absl::Status Extend(X509* certificate, X509* issuer, int extension, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle made(X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str()));
  if (made == nullptr || X509_add_ext(certificate, made.get(), -1) != 1) {
    return OpenSslError(Concat("extending a certificate with ", value));
  }
  return absl::OkStatus();
}

// OpenSSL takes alternative names as one text with commas, so that a name must have none.
bool IsPlainName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view(".-_*:").find(c) != std::string_view::npos;
  });
}

absl::StatusOr<std::string> AlternativeNames(const CertificateRequest& request) {
  std::string names;
  const auto add = [&names](std::string_view type, const std::string& name) -> absl::Status {
    if (!IsPlainName(name)) {
      return absl::InvalidArgumentError(Concat("'", name, "' is no host name and no address"));
    }
    names += Concat(names.empty() ? "" : ",", type, name);
    return absl::OkStatus();
  };
  for (const std::string& name : request.dns_names) RETURN_IF_ERROR(add("DNS:", name));
  for (const std::string& address : request.ip_addresses) RETURN_IF_ERROR(add("IP:", address));
  return names;
}

absl::Status SetSerial(X509* certificate) {
  const NumberHandle serial(BN_new());
  if (BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return OpenSslError("numbering a certificate");
  }
  return absl::OkStatus();
}

// A certificate with a number and a time, and nothing else.
absl::StatusOr<CertificateHandle> Begin(std::chrono::seconds lifetime) {
  CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  RETURN_IF_ERROR(SetSerial(certificate.get()));
  const time_t now = std::time(nullptr);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0,
                   -static_cast<long>(kClockDifference.count()), const_cast<time_t*>(&now));
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), 0, static_cast<long>(lifetime.count()),
                   const_cast<time_t*>(&now));
  return certificate;
}

// A certificate of `key` without its extensions and signature.
absl::StatusOr<CertificateHandle> Begin(const CertificateRequest& request, EVP_PKEY* key) {
  ASSIGN_OR_RETURN(CertificateHandle certificate, Begin(request.lifetime));
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (const std::string& organization : request.organizations) {
    RETURN_IF_ERROR(AddName(subject, "O", organization));
  }
  RETURN_IF_ERROR(AddName(subject, "CN", request.common_name));
  if (X509_set_pubkey(certificate.get(), key) != 1) return OpenSslError("setting a public key");
  return certificate;
}

absl::StatusOr<KeyedCertificate> Finish(X509* certificate, EVP_PKEY* key, EVP_PKEY* signer) {
  if (X509_sign(certificate, signer, EVP_sha256()) <= 0) {
    return OpenSslError("signing a certificate");
  }
  KeyedCertificate made;
  ASSIGN_OR_RETURN(made.certificate, CertificateText(certificate));
  ASSIGN_OR_RETURN(made.key, KeyText(key));
  return made;
}

// It is the authority's, and does not outlive it.
void SetIssuer(X509* issuer, X509* certificate) {
  const ASN1_TIME* issuer_end = X509_get0_notAfter(issuer);
  if (ASN1_TIME_compare(X509_get0_notAfter(certificate), issuer_end) > 0) {
    X509_set1_notAfter(certificate, issuer_end);
  }
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
}

// Kubernetes' words for what a key may be used for, as OpenSSL's extensions name it.
struct Usage {
  std::string_view name;
  std::string_view key_usage;
  std::string_view extended = "";
};
constexpr Usage kUsages[] = {{"signing", "digitalSignature"},
                             {"digital signature", "digitalSignature"},
                             {"content commitment", "nonRepudiation"},
                             {"key encipherment", "keyEncipherment"},
                             {"key agreement", "keyAgreement"},
                             {"data encipherment", "dataEncipherment"},
                             {"encipher only", "encipherOnly"},
                             {"decipher only", "decipherOnly"},
                             {"any", "", "anyExtendedKeyUsage"},
                             {"server auth", "", "serverAuth"},
                             {"client auth", "", "clientAuth"},
                             {"code signing", "", "codeSigning"},
                             {"email protection", "", "emailProtection"},
                             {"s/mime", "", "emailProtection"},
                             {"timestamping", "", "timeStamping"},
                             {"ocsp signing", "", "OCSPSigning"}};

absl::Status AddUsages(const std::vector<std::string>& usages, X509* issuer, X509* certificate) {
  std::string of_key = "critical";
  std::string extended;
  for (const std::string& wanted : usages) {
    const auto* found = std::find_if(std::begin(kUsages), std::end(kUsages),
                                     [&](const Usage& one) { return one.name == wanted; });
    if (found == std::end(kUsages)) {
      return absl::InvalidArgumentError(Concat("unrecognized usage: \"", wanted, "\""));
    }
    if (!found->key_usage.empty()) of_key += Concat(",", found->key_usage);
    if (!found->extended.empty()) {
      extended += Concat(extended.empty() ? "" : ",", found->extended);
    }
  }
  if (of_key != "critical") {
    RETURN_IF_ERROR(Extend(certificate, issuer, NID_key_usage, of_key));
  }
  return extended.empty() ? absl::OkStatus()
                          : Extend(certificate, issuer, NID_ext_key_usage, extended);
}

absl::StatusOr<KeyHandle> NewKey() {
  KeyHandle key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpenSslError("making a key");
  return key;
}

int64_t Seconds(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return timegm(&parts);
}

}  // namespace

absl::StatusOr<std::string> MakeKey() {
  ASSIGN_OR_RETURN(const KeyHandle key, NewKey());
  return KeyText(key.get());
}

absl::StatusOr<KeyedCertificate> MakeAuthority(const std::string& common_name) {
  ASSIGN_OR_RETURN(const KeyHandle key, NewKey());
  ASSIGN_OR_RETURN(const CertificateHandle certificate,
                   Begin({.common_name = common_name, .lifetime = kAuthorityLifetime}, key.get()));
  X509* self = certificate.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  RETURN_IF_ERROR(Extend(self, self, NID_basic_constraints, "critical,CA:TRUE"));
  RETURN_IF_ERROR(
      Extend(self, self, NID_key_usage, "critical,digitalSignature,keyEncipherment,keyCertSign"));
  RETURN_IF_ERROR(Extend(self, self, NID_subject_key_identifier, "hash"));
  return Finish(self, key.get(), key.get());
}

absl::StatusOr<KeyedCertificate> Issue(const KeyedCertificate& authority,
                                       const CertificateRequest& request) {
  ASSIGN_OR_RETURN(const CertificateHandle issuer, ParseCertificate(authority.certificate));
  ASSIGN_OR_RETURN(const KeyHandle signer, ParseKey(authority.key));
  ASSIGN_OR_RETURN(const KeyHandle key, NewKey());
  ASSIGN_OR_RETURN(const CertificateHandle certificate, Begin(request, key.get()));
  X509* made = certificate.get();
  SetIssuer(issuer.get(), made);
  RETURN_IF_ERROR(
      Extend(made, issuer.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment"));
  RETURN_IF_ERROR(Extend(made, issuer.get(), NID_ext_key_usage,
                         request.purpose == Purpose::kServer ? "serverAuth" : "clientAuth"));
  RETURN_IF_ERROR(Extend(made, issuer.get(), NID_authority_key_identifier, "keyid"));
  ASSIGN_OR_RETURN(const std::string names, AlternativeNames(request));
  if (!names.empty()) RETURN_IF_ERROR(Extend(made, issuer.get(), NID_subject_alt_name, names));
  return Finish(made, key.get(), signer.get());
}

absl::StatusOr<std::string> Sign(const KeyedCertificate& authority, std::string_view request,
                                 const SigningTerms& terms) {
  ASSIGN_OR_RETURN(const CertificateHandle issuer, ParseCertificate(authority.certificate));
  ASSIGN_OR_RETURN(const KeyHandle signer, ParseKey(authority.key));
  ASSIGN_OR_RETURN(const RequestHandle asked, ParseRequest(request));
  ASSIGN_OR_RETURN(const CertificateHandle certificate, Begin(terms.lifetime));
  X509* made = certificate.get();
  SetIssuer(issuer.get(), made);
  if (X509_set_subject_name(made, X509_REQ_get_subject_name(asked.get())) != 1 ||
      X509_set_pubkey(made, X509_REQ_get0_pubkey(asked.get())) != 1) {
    return OpenSslError("copying a signing request");
  }
  RETURN_IF_ERROR(AddUsages(terms.usages, issuer.get(), made));
  RETURN_IF_ERROR(Extend(made, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  RETURN_IF_ERROR(Extend(made, issuer.get(), NID_authority_key_identifier, "keyid"));
  const ExtensionsHandle extensions(X509_REQ_get_extensions(asked.get()));
  const int names = X509v3_get_ext_by_NID(extensions.get(), NID_subject_alt_name, -1);
  if (names >= 0) X509_add_ext(made, X509v3_get_ext(extensions.get(), names), -1);
  if (X509_sign(made, signer.get(), EVP_sha256()) <= 0) {
    return OpenSslError("signing a certificate");
  }
  return CertificateText(made);
}

CertificateFacts FactsOf(const X509* certificate) {
  CertificateFacts facts{.not_before = Seconds(X509_get0_notBefore(certificate)),
                         .not_after = Seconds(X509_get0_notAfter(certificate))};
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) continue;
    std::string value(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
    OPENSSL_free(text);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName) {
      facts.common_name = std::move(value);
    } else if (kind == NID_organizationName) {
      facts.organizations.push_back(std::move(value));
    }
  }
  return facts;
}

absl::StatusOr<CertificateFacts> ReadCertificate(std::string_view pem) {
  ASSIGN_OR_RETURN(const CertificateHandle certificate, ParseCertificate(pem));
  return FactsOf(certificate.get());
}

std::string Fingerprint(std::string_view pem) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(pem.data(), pem.size(), digest, &size, EVP_sha256(), nullptr);
  return Hex({reinterpret_cast<const char*>(digest), size});
}

}  // namespace kvplane::cluster
