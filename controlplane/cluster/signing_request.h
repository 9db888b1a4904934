// Signing requests (PKCS #10): what somebody who made a key asks an authority to vouch for.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(SigningRequestFacts facts, ReadSigningRequest(pem));
//   facts.common_name == "system:node:worker-1"
#pragma once

#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cluster/openssl_handle.h"

namespace kvplane::cluster {

struct FreeExtensions {
  void operator()(STACK_OF(X509_EXTENSION) * list) const {
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  }
};
using RequestHandle = std::unique_ptr<X509_REQ, OpenSslFree<X509_REQ_free>>;
using ExtensionsHandle = std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions>;

// PEM, signed with the key that it is for.
absl::StatusOr<RequestHandle> ParseRequest(std::string_view pem);

struct SigningRequestFacts {
  std::string common_name;
  std::vector<std::string> organizations;
  // How many alternative names of each type.
  int dns_names = 0;
  int ip_addresses = 0;
  int emails = 0;
  int uris = 0;
};
absl::StatusOr<SigningRequestFacts> ReadSigningRequest(std::string_view pem);

}  // namespace kvplane::cluster
