// The Lease service.
#pragma once

#include "etcd/service_context.h"
#include "rpc/service.h"

namespace kvshim::etcd {

rpc::Service LeaseService(const ServiceContext& context);

}  // namespace kvshim::etcd
