// grpc.reflection: lets tools like grpcurl ask which services there are and what their messages
// look like. Served under its names v1 and v1alpha, whose messages are the same.
//
// Thread safety: the services are constant; their handlers run on any loop's thread.
#pragma once

#include <string>
#include <vector>

#include "rpc/service.h"

namespace kvshim::rpc {

// `names`: of the services to list.
std::vector<Service> ReflectionServices(std::vector<std::string> names);

}  // namespace kvshim::rpc
