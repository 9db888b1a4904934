// The Cluster service, and what of the Auth service a store without users answers.
#pragma once

#include "etcd/service_context.h"
#include "rpc/service.h"

namespace kvshim::etcd {

rpc::Service ClusterService(const ServiceContext& context);
rpc::Service AuthService(const ServiceContext& context);

}  // namespace kvshim::etcd
