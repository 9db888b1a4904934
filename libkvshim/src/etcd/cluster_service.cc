#include "etcd/cluster_service.h"

#include <utility>

#include "etcd/unary.h"
#include "mvcc/errors.h"

namespace kvshim::etcd {
namespace {

namespace pb = etcdserverpb;

void MemberList(const ServiceContext& context, rpc::UnaryCall call) {
  pb::MemberListResponse response;
  context.Fill(*response.mutable_header(), context.store.revision());
  for (const store::Member& server : context.store.members()) {
    pb::Member& member = *response.add_members();
    member.set_id(server.id);
    member.set_name(server.name);
    for (const std::string& url : server.client_urls) {
      member.add_clienturls(url);
      // Tools that want a peer URL are shown where clients reach it.
      member.add_peerurls(url);
    }
  }
  call.Finish(Serialize(response));
}

void AuthStatus(const ServiceContext& context, rpc::UnaryCall call) {
  pb::AuthStatusResponse response;
  context.Fill(*response.mutable_header(), context.store.revision());
  response.set_enabled(false);
  response.set_authrevision(1);
  call.Finish(Serialize(response));
}

void Refuse(rpc::UnaryCall call) {
  call.Finish(absl::UnimplementedError(
      "etcdserver: the members are the servers that are started on the database; start or stop "
      "one to change them"));
}

}  // namespace

rpc::Service ClusterService(const ServiceContext& context) {
  rpc::Service service("etcdserverpb.Cluster");
  AddUnary(service, "MemberList", context, MemberList);
  for (const char* name : {"MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote"}) {
    service.Unary(name, Refuse);
  }
  return service;
}

rpc::Service AuthService(const ServiceContext& context) {
  rpc::Service service("etcdserverpb.Auth");
  AddUnary(service, "AuthStatus", context, AuthStatus);
  service.Unary("Authenticate", [](rpc::UnaryCall call) { call.Finish(mvcc::AuthNotEnabled()); });
  return service;
}

}  // namespace kvshim::etcd
