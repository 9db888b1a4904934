#include "rpc/method_table.h"

namespace kvshim::rpc {
namespace {

grpc::internal::RpcMethod::RpcType TypeOf(MethodType type) {
  switch (type) {
    case MethodType::kUnary:
      return grpc::internal::RpcMethod::NORMAL_RPC;
    case MethodType::kServerStreaming:
      return grpc::internal::RpcMethod::SERVER_STREAMING;
    case MethodType::kBidi:
      break;
  }
  return grpc::internal::RpcMethod::BIDI_STREAMING;
}

}  // namespace

int MethodTable::RawService::Add(const Method& method) {
  paths_.push_back(method.path());
  AddMethod(
      new grpc::internal::RpcServiceMethod(paths_.back().c_str(), TypeOf(method.type), nullptr));
  const int index = static_cast<int>(paths_.size()) - 1;
  MarkMethodRaw(index);
  return index;
}

MethodTable::MethodTable(const std::vector<rpc::Service>& services) {
  for (const rpc::Service& service : services) {
    RawService& raw = services_.emplace_back();
    for (const Method& method : service.methods()) {
      methods_.push_back({&method, &raw, raw.Add(method)});
    }
  }
}

}  // namespace kvshim::rpc
