// ClusterSettings: what all servers of a cluster must agree on.
//
// Thread safety: values and pure functions.
//
//   RETURN_IF_ERROR(Validate(settings));
//   settings.ServiceAddress(1) == "10.43.0.1", that of the service "kubernetes"
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace kvplane::cluster {

struct ClusterSettings {
  std::string cluster_cidr = "10.42.0.0/16";
  std::string service_cidr = "10.43.0.0/16";
  std::string cluster_dns;  // empty: the tenth address of service_cidr
  std::string cluster_domain = "cluster.local";

  // The address that many places into service_cidr.
  absl::StatusOr<std::string> ServiceAddress(unsigned place) const;
  bool operator==(const ClusterSettings&) const = default;
};

// The settings with nothing left open. Errors name the flag and what would be right.
absl::StatusOr<ClusterSettings> Complete(ClusterSettings settings);

// Errors name the flag in which `ours` differs from what the cluster was founded with.
absl::Status Agree(const ClusterSettings& ours, const ClusterSettings& founded);

}  // namespace kvplane::cluster
