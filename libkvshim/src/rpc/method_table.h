// MethodTable: the methods of every service, known to gRPC by name and served as raw bytes.
//
// Does what generated WithRawMethod_ code does, from a table: a method that is registered has its
// first message read by gRPC before the call is handed out, which saves a round trip through the
// completion queue.
//
// Thread safety: constant once built; the request functions may be called from any thread.
#pragma once

#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <deque>
#include <string>
#include <vector>

#include "rpc/completion_loop.h"
#include "rpc/service.h"

namespace kvshim::rpc {

class MethodTable {
 public:
  using UnaryWriter = grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>;
  using ReaderWriter = grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

  // `services` must outlive the table.
  explicit MethodTable(const std::vector<rpc::Service>& services);

  // What is registered with gRPC; reflection wants each service by itself.
  template <typename Register>
  void ForEachService(Register&& use) {
    for (RawService& service : services_) use(service);
  }

  size_t size() const { return methods_.size(); }
  const Method& method(size_t index) const { return *methods_[index].method; }

  // Asks for the next call of a method; `tag` completes when it is there.
  void RequestUnary(size_t index, grpc::ServerContext& context, grpc::ByteBuffer& request,
                    UnaryWriter& writer, grpc::ServerCompletionQueue* queue, Tag* tag) {
    const Entry& entry = methods_[index];
    entry.service->RequestAsyncUnary(entry.index, &context, &request, &writer, queue, queue, tag);
  }
  // `request` is filled for a server-streaming method only.
  void RequestStream(size_t index, grpc::ServerContext& context, grpc::ByteBuffer& request,
                     ReaderWriter& stream, grpc::ServerCompletionQueue* queue, Tag* tag) {
    const Entry& entry = methods_[index];
    if (entry.method->type == MethodType::kBidi) {
      entry.service->RequestAsyncBidiStreaming(entry.index, &context, &stream, queue, queue, tag);
    } else {
      entry.service->RequestAsyncServerStreaming(entry.index, &context, &request, &stream, queue,
                                                 queue, tag);
    }
  }

 private:
  class RawService final : public grpc::Service {
   public:
    using grpc::Service::RequestAsyncBidiStreaming;
    using grpc::Service::RequestAsyncServerStreaming;
    using grpc::Service::RequestAsyncUnary;

    // Returns its index.
    int Add(const Method& method);

   private:
    std::deque<std::string> paths_;  // gRPC keeps pointers into these
  };
  struct Entry {
    const Method* method;
    RawService* service;
    int index;  // within its service
  };

  std::deque<RawService> services_;
  std::vector<Entry> methods_;
};

}  // namespace kvshim::rpc
