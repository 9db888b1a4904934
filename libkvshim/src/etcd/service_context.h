// ServiceContext: what every service needs: the store it serves, and who it says it is.
//
// Thread safety: constant once the server serves.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "etcd/wire.h"
#include "rpc.pb.h"
#include "store/engine.h"

namespace kvshim::etcd {

struct ServiceContext {
  store::Engine& store;
  std::string version;  // of etcd, as clients are told
  size_t max_request_bytes;
  std::vector<std::string> client_urls;

  Header HeaderAt(int64_t revision) const {
    return {.cluster_id = store.cluster_id(),
            .member_id = store.member_id(),
            .revision = revision,
            .raft_term = store.term()};
  }
  void Fill(etcdserverpb::ResponseHeader& out, int64_t revision) const {
    const Header header = HeaderAt(revision);
    out.set_cluster_id(header.cluster_id);
    out.set_member_id(header.member_id);
    out.set_revision(header.revision);
    out.set_raft_term(header.raft_term);
  }

  // The release without its patch: 3.6.0 of 3.6.11.
  std::string minor_version() const { return version.substr(0, version.rfind('.')) + ".0"; }

  // What gRPC takes in one message, and a watch response is split at where the client allows it:
  // etcd leaves that much room above the largest request.
  size_t max_message_bytes() const { return max_request_bytes + (size_t{512} << 10); }
};

}  // namespace kvshim::etcd
