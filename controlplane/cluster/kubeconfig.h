// A kubeconfig: where the API server is and who its user is, as kubectl reads it.
//
// Thread safety: pure functions.
//
//   WritePrivateFile(path, Kubeconfig({.server = "https://127.0.0.1:6443", …}), 0600);
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cluster/certificate.h"

namespace kvplane::cluster {

struct KubeconfigFields {
  std::string server;  // https://host:port
  std::string server_ca;
  KeyedCertificate client;
};

std::string Kubeconfig(const KubeconfigFields& fields);

// Reads one that Kubeconfig has written.
absl::StatusOr<KubeconfigFields> ReadKubeconfig(std::string_view text);

}  // namespace kvplane::cluster
