// Server: one API server of a cluster, over a store.
//
// Thread safety: every method may be called from any thread.
//
//   ASSIGN_OR_RETURN(auto server, Server::Start(*store, {.data_dir = "/var/lib/kvplane"}));
//   std::puts(server->url().c_str());   // https://127.0.0.1:6443
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/api.h"
#include "cluster/settings.h"
#include "cluster/token.h"
#include "https/limits.h"
#include "kvshim/store.h"

namespace kvplane::server {

struct ServerOptions {
  std::string data_dir;

  // Empty: the one in the data directory, else a new one. Errors name the flag it came from.
  std::string token;
  cluster::ClusterSettings settings;
  bool secrets_encryption = false;

  std::string bind_address;       // empty: every interface
  int https_port = 6443;          // 0: any free one
  std::string advertise_address;  // empty: bind_address, or the machine's own
  std::vector<std::string> tls_san;

  std::string kubeconfig;  // empty: kubeconfig.yaml in the data directory
  mode_t kubeconfig_mode = 0600;

  std::string audit_log;           // a file, "-" for standard output; empty: none
  std::string audit_policy_file;   // empty: every request, without bodies
  size_t audit_max_megabytes = 0;  // of the file before it is put aside; 0: it grows
  size_t audit_max_backups = 0;    // files put aside that are kept; 0: all
  size_t audit_max_days = 0;       // how long they are; 0: for ever

  bool alone = false;  // no other server can be at the store

  https::Limits limits;
  apiserver::InflightLimits inflight;
  std::chrono::milliseconds request_timeout{60000};
};

class Server {
 public:
  // Serves when it returns. `store` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(kvshim::Store& store,
                                                       const ServerOptions& options);
  virtual ~Server() = default;  // stops at once

  virtual const std::string& url() const = 0;         // as the kubeconfig has it
  virtual const std::string& kubeconfig() const = 0;  // its path
  virtual const std::string& join_token() const = 0;

  // Accepts no more, ends watches, lets answers under way be finished for up to `grace`.
  virtual void Drain(std::chrono::milliseconds grace) = 0;
};

// Where the token of servers is kept.
std::string TokenPath(const std::string& data_dir);

}  // namespace kvplane::server
