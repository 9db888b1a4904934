#include "etcd/maintenance_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/strings.h"
#include "etcd/snapshot_stream.h"
#include "etcd/unary.h"
#include "mvcc/errors.h"

namespace kvshim::etcd {
namespace {

namespace pb = etcdserverpb;

pb::AlarmType ToWire(AlarmType type) {
  return type == AlarmType::kNoSpace ? pb::NOSPACE : pb::CORRUPT;
}

void Status(const ServiceContext& context, rpc::UnaryCall call) {
  const StoreStatus status = context.store.Status();
  pb::StatusResponse response;
  context.Fill(*response.mutable_header(), status.revision);
  response.set_version(context.version);
  response.set_dbsize(status.database_bytes);
  response.set_dbsizeinuse(status.database_bytes_in_use);
  response.set_dbsizequota(status.quota_bytes);
  response.set_leader(context.store.leader_id());
  // How far the servers are, of which this one may lag behind.
  uint64_t newest = status.commit_sequence;
  for (const store::Member& member : context.store.members()) {
    newest = std::max(newest, member.applied_sequence);
  }
  response.set_raftindex(newest);
  response.set_raftappliedindex(status.commit_sequence);
  response.set_raftterm(status.term);
  response.set_storageversion(context.minor_version());
  for (const Alarm& alarm : status.alarms) {
    response.add_errors(base::Concat("memberID:", alarm.member_id,
                                     " alarm:", pb::AlarmType_Name(ToWire(alarm.type)), " "));
  }
  call.Finish(Serialize(response));
}

void Defragment(const ServiceContext& context, rpc::UnaryCall call) {
  context.store.Defragment([&context, call = std::move(call)](absl::StatusOr<bool> done) mutable {
    if (!done.ok()) return call.Finish(done.status());
    pb::DefragmentResponse response;
    context.Fill(*response.mutable_header(), context.store.revision());
    call.Finish(Serialize(response));
  });
}

void Hash(const ServiceContext& context, rpc::UnaryCall call) {
  context.store.Hash(0, [&context,
                         call = std::move(call)](absl::StatusOr<HashResult> result) mutable {
    FinishWith<pb::HashResponse>(call, context, result, [](auto& response, const HashResult& hash) {
      response.set_hash(hash.hash);
    });
  });
}

void HashKv(const ServiceContext& context, rpc::UnaryCall call) {
  pb::HashKVRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.Hash(request.revision(), [&context, call = std::move(call)](
                                             absl::StatusOr<HashResult> result) mutable {
    FinishWith<pb::HashKVResponse>(
        call, context, result, [](auto& response, const HashResult& hash) {
          response.set_hash(hash.hash);
          response.set_hash_revision(hash.hash_revision);
          // etcd calls a store that was never compacted compacted at -1.
          response.set_compact_revision(hash.compact_revision == 0 ? -1 : hash.compact_revision);
        });
  });
}

// Answers with the alarms given.
void FinishAlarms(const ServiceContext& context, rpc::UnaryCall& call,
                  const std::vector<kvshim::Alarm>& alarms) {
  pb::AlarmResponse response;
  context.Fill(*response.mutable_header(), context.store.revision());
  for (const kvshim::Alarm& alarm : alarms) {
    pb::AlarmMember& member = *response.add_alarms();
    member.set_memberid(alarm.member_id);
    member.set_alarm(ToWire(alarm.type));
  }
  call.Finish(Serialize(response));
}

void Alarm(const ServiceContext& context, rpc::UnaryCall call) {
  pb::AlarmRequest request;
  if (!ParseOrRefuse(call, request)) return;
  std::vector<kvshim::Alarm> raised = context.store.alarms();
  if (request.alarm() != pb::NONE) {
    std::erase_if(
        raised, [&](const kvshim::Alarm& alarm) { return ToWire(alarm.type) != request.alarm(); });
  }
  if (request.action() == pb::AlarmRequest::GET) return FinishAlarms(context, call, raised);
  if (request.alarm() != pb::NOSPACE && request.alarm() != pb::CORRUPT) {
    return FinishAlarms(context, call, {});
  }
  const kvshim::Alarm alarm{request.memberid(), request.alarm() == pb::NOSPACE
                                                    ? AlarmType::kNoSpace
                                                    : AlarmType::kCorrupt};
  auto answer = [&context, call = std::move(call), alarm](absl::StatusOr<bool> done) mutable {
    if (!done.ok()) return call.Finish(done.status());
    FinishAlarms(context, call, *done ? std::vector{alarm} : std::vector<kvshim::Alarm>());
  };
  switch (request.action()) {
    case pb::AlarmRequest::ACTIVATE:
      return context.store.SetAlarm(alarm, std::move(answer));
    case pb::AlarmRequest::DEACTIVATE:
      return context.store.ClearAlarm(alarm, std::move(answer));
    default:
      return answer(false);
  }
}

void MoveLeader(const ServiceContext& context, rpc::UnaryCall call) {
  pb::MoveLeaderRequest request;
  if (!ParseOrRefuse(call, request)) return;
  context.store.MoveLeader(request.targetid(),
                           [&context, call = std::move(call)](absl::StatusOr<bool> moved) mutable {
                             if (!moved.ok()) return call.Finish(moved.status());
                             pb::MoveLeaderResponse response;
                             context.Fill(*response.mutable_header(), context.store.revision());
                             call.Finish(Serialize(response));
                           });
}

void Downgrade(const ServiceContext& /*context*/, rpc::UnaryCall call) {
  pb::DowngradeRequest request;
  if (!ParseOrRefuse(call, request)) return;
  if (request.action() == pb::DowngradeRequest::CANCEL) {
    return call.Finish(mvcc::NoInflightDowngrade());
  }
  call.Finish(absl::UnimplementedError(
      "etcdserver: the data lies in a SQL database; install the release that is wanted instead"));
}

}  // namespace

rpc::Service MaintenanceService(const ServiceContext& context) {
  rpc::Service service("etcdserverpb.Maintenance");
  AddUnary(service, "Status", context, Status);
  AddUnary(service, "Defragment", context, Defragment);
  AddUnary(service, "Hash", context, Hash);
  AddUnary(service, "HashKV", context, HashKv);
  AddUnary(service, "Alarm", context, Alarm);
  AddUnary(service, "MoveLeader", context, MoveLeader);
  AddUnary(service, "Downgrade", context, Downgrade);
  service.ServerStreaming("Snapshot",
                          [&context] { return std::make_unique<SnapshotStream>(context); });
  return service;
}

}  // namespace kvshim::etcd
