// One API server of Kubernetes under load, with all that it needs below it: `kvplane server` on
// SQLite, or a kube-apiserver and its etcd. Their data and credentials lie in a folder of their
// own.
//
//   ASSIGN_OR_RETURN(auto server, ClusterServer::Start(settings, folder));
//   HttpsConnection connection(io, server->tls());
//   RETURN_IF_ERROR(connection.Open(server->port()));
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/process.h"
#include "bench/load/process_usage.h"

namespace kvshim::bench {

struct ClusterSettings {
  std::string program;  // kvplane, or a kube-apiserver
  std::string etcd;     // of the kube-apiserver; empty: the program is kvplane
};

class ClusterServer {
 public:
  // Starts it on what is in the folder and returns when /readyz says so.
  static absl::StatusOr<std::unique_ptr<ClusterServer>> Start(const ClusterSettings& settings,
                                                              const std::filesystem::path& folder);

  int port() const { return port_; }
  // Shows the certificate of an administrator.
  boost::asio::ssl::context& tls() { return *tls_; }
  ProcessGroup processes() const;
  // From the start of its first program until it was ready.
  double start_seconds() const { return start_seconds_; }
  // Until it has hardly anything to do, at most ten seconds.
  absl::Status AwaitRest() const;
  // Of all its programs together.
  absl::StatusOr<double> ResidentMebibytes() const;

 private:
  ClusterServer() = default;

  absl::Status LaunchKvplane(const ClusterSettings& settings, const std::filesystem::path& folder);
  absl::Status LaunchKubernetes(const ClusterSettings& settings,
                                const std::filesystem::path& folder);
  absl::Status AwaitReady();
  absl::Status ReadKubeconfig(const std::filesystem::path& path);
  absl::Status Trust(const std::string& authority, const std::string& certificate,
                     const std::string& key);

  std::vector<std::unique_ptr<Process>> processes_;  // the last one speaks Kubernetes' API
  std::unique_ptr<boost::asio::ssl::context> tls_;
  std::filesystem::path ready_file_;  // written once it serves; empty: it writes none
  int port_ = 0;
  double start_seconds_ = 0;
};

// The certificate with its key that a kube-apiserver in this folder serves, signs with and trusts
// its administrator by; made unless it is there.
absl::Status MakeCredentials(const std::filesystem::path& folder);

}  // namespace kvshim::bench
