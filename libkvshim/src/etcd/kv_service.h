// The KV service: ranges, puts, deletions, transactions, compaction.
#pragma once

#include "etcd/service_context.h"
#include "rpc/service.h"

namespace kvshim::etcd {

// `context` must outlive the server, here and in the other services.
rpc::Service KvService(const ServiceContext& context);

}  // namespace kvshim::etcd
