#include "etcd/lease_service.h"

#include <memory>
#include <utility>

#include "etcd/keep_alive_stream.h"
#include "etcd/unary.h"

namespace kvshim::etcd {
namespace {

void Grant(const ServiceContext& context, rpc::UnaryCall call) {
  etcdserverpb::LeaseGrantRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.LeaseGrant(
      {.ttl = request.ttl(), .id = LeaseId{request.id()}},
      [&context, call = std::move(call)](absl::StatusOr<LeaseGrantResponse> result) mutable {
        FinishWith<etcdserverpb::LeaseGrantResponse>(
            call, context, result, [](auto& response, const LeaseGrantResponse& granted) {
              response.set_id(static_cast<int64_t>(granted.id));
              response.set_ttl(granted.ttl);
            });
      });
}

void Revoke(const ServiceContext& context, rpc::UnaryCall call) {
  etcdserverpb::LeaseRevokeRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.LeaseRevoke(
      LeaseId{request.id()},
      [&context, call = std::move(call)](absl::StatusOr<LeaseRevokeResponse> result) mutable {
        FinishWith<etcdserverpb::LeaseRevokeResponse>(call, context, result);
      });
}

void TimeToLive(const ServiceContext& context, rpc::UnaryCall call) {
  etcdserverpb::LeaseTimeToLiveRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.LeaseTimeToLive(
      LeaseId{request.id()}, request.keys(),
      [&context, call = std::move(call)](absl::StatusOr<LeaseTimeToLiveResponse> result) mutable {
        FinishWith<etcdserverpb::LeaseTimeToLiveResponse>(
            call, context, result, [](auto& response, const LeaseTimeToLiveResponse& lease) {
              response.set_id(static_cast<int64_t>(lease.id));
              response.set_ttl(lease.ttl);
              response.set_grantedttl(lease.granted_ttl);
              for (const std::string& key : lease.keys) response.add_keys(key);
            });
      });
}

void Leases(const ServiceContext& context, rpc::UnaryCall call) {
  etcdserverpb::LeaseLeasesRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.LeaseLeases(
      [&context, call = std::move(call)](absl::StatusOr<LeaseLeasesResponse> result) mutable {
        FinishWith<etcdserverpb::LeaseLeasesResponse>(
            call, context, result, [](auto& response, const LeaseLeasesResponse& all) {
              for (const LeaseId id : all.leases) {
                response.add_leases()->set_id(static_cast<int64_t>(id));
              }
            });
      });
}

}  // namespace

rpc::Service LeaseService(const ServiceContext& context) {
  rpc::Service service("etcdserverpb.Lease");
  AddUnary(service, "LeaseGrant", context, Grant);
  AddUnary(service, "LeaseRevoke", context, Revoke);
  AddUnary(service, "LeaseTimeToLive", context, TimeToLive);
  AddUnary(service, "LeaseLeases", context, Leases);
  service.Bidi("LeaseKeepAlive", [&context] { return std::make_unique<KeepAliveStream>(context); });
  return service;
}

}  // namespace kvshim::etcd
