// What a CallContext answers, read from gRPC's context of a call.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace kvshim::rpc {

std::optional<std::string> MetadataOf(const grpc::ServerContext& context, std::string_view key);
std::string CommonNameOf(const grpc::ServerContext& context);

// The two libraries number the codes alike.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace kvshim::rpc
