// The two ends of a unary call: reading the request, answering with a generated class.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcd/service_context.h"
#include "rpc/call.h"
#include "rpc/service.h"

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

// Answers with an error, or with a `Response` whose header is that of the result and whose rest
// `fill` fills: fill(response, *result).
template <typename Response, typename Result, typename Fill>
void FinishWith(rpc::UnaryCall& call, const ServiceContext& context,
                const absl::StatusOr<Result>& result, Fill fill) {
  if (!result.ok()) return call.Finish(result.status());
  Response response;
  context.Fill(*response.mutable_header(), result->revision);
  fill(response, *result);
  call.Finish(Serialize(response));
}
// The same for a response that is a header only.
template <typename Response, typename Result>
void FinishWith(rpc::UnaryCall& call, const ServiceContext& context,
                const absl::StatusOr<Result>& result) {
  FinishWith<Response>(call, context, result, [](Response&, const Result&) {});
}

// Has `function` serve a method of `service`.
inline void AddUnary(rpc::Service& service, const char* name, const ServiceContext& context,
                     void (*function)(const ServiceContext&, rpc::UnaryCall)) {
  service.Unary(name,
                [&context, function](rpc::UnaryCall call) { function(context, std::move(call)); });
}

}  // namespace kvshim::etcd
