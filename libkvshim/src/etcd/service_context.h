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
  void Fill(etcdserverpb::ResponseHeader& header, int64_t revision) const {
    header.set_cluster_id(store.cluster_id());
    header.set_member_id(store.member_id());
    header.set_revision(revision);
    header.set_raft_term(store.term());
  }
};

}  // namespace kvshim::etcd
