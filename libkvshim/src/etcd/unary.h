// The two ends of a unary call: reading the request, answering with a generated class.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcd/service_context.h"
#include "rpc/call.h"

namespace kvshim::etcd {

// What grpc-go answers to bytes that are not the message.
inline absl::Status Malformed() {
  return absl::InternalError(
      "grpc: error unmarshalling request: the bytes are not a message of this type");
}

// False where the call was refused.
template <typename Request>
bool ParseOrRefuse(rpc::UnaryCall& call, Request& request) {
  if (call.request().Parse(request)) return true;
  call.Finish(Malformed());
  return false;
}

inline rpc::Message Serialize(const google::protobuf::MessageLite& message) {
  return rpc::Message::Copy(message.SerializeAsString());
}

// Answers with an error, or with a `Response` whose header is filled and whose rest `fill` fills:
// fill(response, *result).
template <typename Response, typename Result, typename Fill>
void FinishWith(rpc::UnaryCall& call, const ServiceContext& context,
                const absl::StatusOr<Result>& result, int64_t revision, Fill fill) {
  if (!result.ok()) return call.Finish(result.status());
  Response response;
  context.Fill(*response.mutable_header(), revision);
  fill(response, *result);
  call.Finish(Serialize(response));
}

}  // namespace kvshim::etcd
