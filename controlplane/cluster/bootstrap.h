// Bootstrap: what makes several servers one cluster. The authorities, the key that signs service
// accounts' tokens, and the settings lie in the store, sealed with the token's password:
//
//   /bootstrap/<name that follows from the password>   one document of JSON, sealed
//
// The first server founds the cluster: it writes the document only if there is none under
// /bootstrap/, in one transaction; of several first servers one writes, and the others read.
//
// Thread safety: pure but for the store.
//
//   ASSIGN_OR_RETURN(Bootstrap cluster, Join(*store, token, settings));
//   Issue(cluster.server_ca, …)
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cluster/certificate.h"
#include "cluster/settings.h"
#include "cluster/token.h"
#include "kvshim/store.h"

namespace kvplane::cluster {

struct Bootstrap {
  KeyedCertificate server_ca;          // signs what servers show
  KeyedCertificate client_ca;          // signs who clients are
  KeyedCertificate request_header_ca;  // signs the proxies that may speak for others
  std::string service_account_key;     // PEM, P-256
  ClusterSettings settings;
  bool founded = false;  // by this call
};

// Joins the cluster in the store, or founds it. kPermissionDenied where the token is not its,
// kFailedPrecondition where the settings are not; the messages name the flag and what to do.
// `settings` must be complete.
absl::StatusOr<Bootstrap> Join(kvshim::Store& store, const Token& token,
                               const ClusterSettings& settings);

}  // namespace kvplane::cluster
