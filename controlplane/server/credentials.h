// Credentials: what one server shows and gives out, made from the cluster's authorities when it
// starts and again before it ends: its serving certificate, and the kubeconfig of its operator.
//
// Thread safety: pure but for the file system.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cluster/bootstrap.h"
#include "https/tls_identity.h"

namespace kvplane::server {

struct ServingNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};

// Everything that clients may call this server: localhost, its host, the service "kubernetes", and
// what the operator adds.
absl::StatusOr<ServingNames> NamesOf(const cluster::ClusterSettings& settings,
                                     const std::vector<std::string>& more);

absl::StatusOr<https::TlsIdentity> MakeServingIdentity(const cluster::Bootstrap& cluster,
                                                       const ServingNames& names);

// Of the user system:admin in the group system:masters.
absl::StatusOr<std::string> MakeAdminKubeconfig(const cluster::Bootstrap& cluster,
                                                const std::string& url);

}  // namespace kvplane::server
