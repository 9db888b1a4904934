#include "lease_calls.h"

#include "base/status.h"

namespace kvshim::bench {

absl::StatusOr<KeepAliveCalls> KeepAliveCalls::Grant(Connections& connections, int clients) {
  KeepAliveCalls calls;
  for (int i = 0; i < clients; ++i) {
    etcdserverpb::LeaseGrantRequest grant;
    etcdserverpb::LeaseGrantResponse granted;
    grant.set_ttl(600);
    RETURN_IF_ERROR(connections.Call(kLeaseGrant, grant, &granted));
    etcdserverpb::LeaseKeepAliveRequest request;
    request.set_id(granted.id());
    calls.requests_.push_back(request.SerializeAsString());
  }
  return calls;
}

const char* KeepAliveCalls::Next(int client, std::string& request) {
  request = requests_[static_cast<size_t>(client)];
  return kLeaseKeepAlive;
}

absl::Status KeepAliveCalls::Check(int, const Reply& reply) {
  RETURN_IF_ERROR(Parse(reply, &reply_));
  if (reply_.ttl() > 0) return absl::OkStatus();
  return absl::NotFoundError("a lease that was kept alive is gone");
}

}  // namespace kvshim::bench
