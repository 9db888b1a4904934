// The Watch service: one client stream is one stream of the hub.
#pragma once

#include "etcd/service_context.h"
#include "rpc/service.h"

namespace kvshim::etcd {

rpc::Service WatchService(const ServiceContext& context);

}  // namespace kvshim::etcd
