// CertificateVerifier: who a client's certificate stands for: its common name is the user, its
// organizations are the groups.
//
// Thread safety: every method may be called from any thread. Verdicts are remembered while the
// certificate is valid.
//
//   ASSIGN_OR_RETURN(auto verifier, CertificateVerifier::Make(client_ca_pem));
//   verifier->Verify(*request.certificates)->name == "system:admin"
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"

namespace kvplane::auth {

class CertificateVerifier {
 public:
  // `authority`: PEM.
  static absl::StatusOr<std::unique_ptr<CertificateVerifier>> Make(std::string_view authority);
  virtual ~CertificateVerifier() = default;

  // `chain`: DER, the client's own first. kUnauthenticated tells why it is not taken.
  virtual absl::StatusOr<apiserver::User> Verify(const std::vector<std::string>& chain) = 0;
};

}  // namespace kvplane::auth
