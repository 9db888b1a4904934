// The Maintenance service.
#pragma once

#include "etcd/service_context.h"
#include "rpc/service.h"

namespace kvshim::etcd {

rpc::Service MaintenanceService(const ServiceContext& context);

}  // namespace kvshim::etcd
