#include "etcd/kv_service.h"

#include <memory>
#include <utility>

#include "etcd/range_stream.h"
#include "etcd/request_parser.h"
#include "etcd/unary.h"
#include "etcd/wire.h"
#include "mvcc/errors.h"

namespace kvshim::etcd {
namespace {

// Reads a request, has the store serve it, and answers in the wire form written by hand.
template <typename Request, typename Response, typename Serve>
rpc::UnaryFunction Serving(const ServiceContext& context, bool writes, Serve serve) {
  return [&context, writes, serve](rpc::UnaryCall call) {
    if (writes && call.request().size() > context.max_request_bytes) {
      return call.Finish(mvcc::RequestTooLarge());
    }
    Request request;
    if (!Parse(call.request().bytes(), request)) return call.Finish(Malformed());
    serve(context.store, std::move(request),
          Callback<Response>(
              [&context, call = std::move(call)](absl::StatusOr<Response> response) mutable {
                if (!response.ok()) return call.Finish(response.status());
                call.Finish(Encode(context.HeaderAt(response->revision), *response));
              }));
  };
}

void Compact(const ServiceContext& context, rpc::UnaryCall call) {
  etcdserverpb::CompactionRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.Compact(
      {.revision = request.revision(), .physical = request.physical()},
      [&context, call = std::move(call)](absl::StatusOr<CompactResponse> result) mutable {
        FinishWith<etcdserverpb::CompactionResponse>(call, context, result);
      });
}

}  // namespace

rpc::Service KvService(const ServiceContext& context) {
  rpc::Service service("etcdserverpb.KV");
  service.Unary("Range", Serving<RangeRequest, RangeResponse>(
                             context, false, [](Store& store, RangeRequest request, auto done) {
                               store.Range(std::move(request), std::move(done));
                             }));
  service.Unary("Put", Serving<PutRequest, PutResponse>(
                           context, true, [](Store& store, PutRequest request, auto done) {
                             store.Put(std::move(request), std::move(done));
                           }));
  service.Unary("DeleteRange",
                Serving<DeleteRangeRequest, DeleteRangeResponse>(
                    context, true, [](Store& store, DeleteRangeRequest request, auto done) {
                      store.DeleteRange(std::move(request), std::move(done));
                    }));
  service.Unary("Txn", Serving<TxnRequest, TxnResponse>(
                           context, true, [](Store& store, TxnRequest request, auto done) {
                             store.Txn(std::move(request), std::move(done));
                           }));
  AddUnary(service, "Compact", context, Compact);
  service.ServerStreaming("RangeStream",
                          [&context] { return std::make_unique<RangeStream>(context); });
  return service;
}

}  // namespace kvshim::etcd
