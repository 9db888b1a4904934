// Certificates of the cluster: authorities that sign themselves, and what they sign for servers and
// clients. All keys are ECDSA P-256; certificates and keys are PEM texts.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(KeyedCertificate ca, MakeAuthority("kvplane-server-ca"));
//   ASSIGN_OR_RETURN(KeyedCertificate serving,
//                    Issue(ca, {.common_name = "kube-apiserver", .dns_names = {"kubernetes"},
//                               .purpose = Purpose::kServer}));
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvplane::cluster {

struct KeyedCertificate {
  std::string certificate;
  std::string key;
  bool operator==(const KeyedCertificate&) const = default;
};

enum class Purpose { kServer, kClient };

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  Purpose purpose = Purpose::kClient;
  std::chrono::seconds lifetime = std::chrono::hours(365 * 24);
};

// A new P-256 key.
absl::StatusOr<std::string> MakeKey();

// A certificate that signs itself, for ten years.
absl::StatusOr<KeyedCertificate> MakeAuthority(const std::string& common_name);

// Valid from an hour ago, for clocks that differ, and never longer than the authority. A name that
// cannot stand in a certificate is kInvalidArgument.
absl::StatusOr<KeyedCertificate> Issue(const KeyedCertificate& authority,
                                       const CertificateRequest& request);

// A certificate for who made a signing request (signing_request.h): with its subject, its key and
// its alternative names, and nothing else that it may ask for.
struct SigningTerms {
  std::vector<std::string> usages;  // in Kubernetes' words: "client auth", "digital signature"
  std::chrono::seconds lifetime = std::chrono::hours(365 * 24);
};
absl::StatusOr<std::string> Sign(const KeyedCertificate& authority, std::string_view request,
                                 const SigningTerms& terms);

struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> organizations;
  int64_t not_before = 0;  // seconds since 1970
  int64_t not_after = 0;
};
CertificateFacts FactsOf(const X509* certificate);
absl::StatusOr<CertificateFacts> ReadCertificate(std::string_view pem);

// What a token pins: the SHA-256 of the certificate's PEM text, in hexadecimal digits.
std::string Fingerprint(std::string_view pem);

}  // namespace kvplane::cluster
