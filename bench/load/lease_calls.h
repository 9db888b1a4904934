// Keepalives of leases: each client keeps one alive, over and over, on a stream of its own.
#pragma once

#include <string>
#include <vector>

#include "calls.h"
#include "connections.h"
#include "rpc.pb.h"

namespace kvshim::bench {

class KeepAliveCalls final : public Calls {
 public:
  // Grants a lease for each client.
  static absl::StatusOr<KeepAliveCalls> Grant(Connections& connections, int clients);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;
  bool is_stream() const override { return true; }

 private:
  std::vector<std::string> requests_;
  etcdserverpb::LeaseKeepAliveResponse reply_;
};

}  // namespace kvshim::bench
