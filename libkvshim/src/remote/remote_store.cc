#include "remote/remote_store.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/sync_stream.h>

#include <utility>

#include "base/status.h"
#include "remote/messages.h"
#include "remote/remote_watch.h"

namespace kvshim {

absl::StatusOr<std::unique_ptr<Store>> Store::Connect(const std::string& addresses,
                                                      const StoreOptions& options) {
  ASSIGN_OR_RETURN(
      auto cluster,
      remote::Cluster::Connect(addresses, {.tls = {.ca_file = options.database_ca_file,
                                                   .cert_file = options.database_cert_file,
                                                   .key_file = options.database_key_file,
                                                   .skip_verify = options.database_skip_verify},
                                           .connect_timeout = options.database_timeout,
                                           .call_timeout = options.request_timeout}));
  return std::make_unique<remote::RemoteStore>(std::move(cluster), options);
}

namespace remote {
namespace {

// Calls under way at once; each holds a thread.
constexpr size_t kThreads = 32;

}  // namespace

RemoteStore::RemoteStore(std::unique_ptr<Cluster> cluster, const StoreOptions& options)
    : cluster_(std::move(cluster)),
      executor_(
          {.name = "kv-remote", .threads = kThreads, .max_queued = options.max_queued_writes}) {
  if (options.compaction_mode == CompactionMode::kPeriodic &&
      options.auto_compaction_retention.count() > 0) {
    compactor_ = std::make_unique<Compactor>(*this, options.auto_compaction_retention);
  }
}

RemoteStore::~RemoteStore() {
  compactor_.reset();
  executor_.Stop();
}

template <typename Answer, typename Request, typename Response, typename Convert>
void RemoteStore::Send(const char* method, Repeat repeat, Request request, Callback<Response> done,
                       Convert convert) {
  Run<Response>(
      std::move(done),
      [this, method, repeat, request = std::move(request), convert]() -> absl::StatusOr<Response> {
        Answer answer;
        RETURN_IF_ERROR(cluster_->Call(method, repeat, request, answer));
        return convert(answer);
      });
}

template <typename Response>
void RemoteStore::Run(Callback<Response> done,
                      absl::AnyInvocable<absl::StatusOr<Response>()> call) {
  // Needed here where there is no room.
  auto shared = std::make_shared<Callback<Response>>(std::move(done));
  const bool queued =
      executor_.Submit([shared, call = std::move(call)]() mutable { (*shared)(call()); });
  if (!queued) (*shared)(absl::ResourceExhaustedError("too many requests wait for the etcd"));
}

void RemoteStore::Range(RangeRequest request, Callback<RangeResponse> done) {
  Send<etcdserverpb::RangeResponse>(kRange, Repeat::kAlways, ToMessage(request), std::move(done),
                                    [](const auto& answer) { return FromMessage(answer); });
}

void RemoteStore::Put(PutRequest request, Callback<PutResponse> done) {
  Send<etcdserverpb::PutResponse>(kPut, Repeat::kIfUnsent, ToMessage(request), std::move(done),
                                  [](const auto& answer) { return FromMessage(answer); });
}

void RemoteStore::DeleteRange(DeleteRangeRequest request, Callback<DeleteRangeResponse> done) {
  Send<etcdserverpb::DeleteRangeResponse>(kDeleteRange, Repeat::kIfUnsent, ToMessage(request),
                                          std::move(done),
                                          [](const auto& answer) { return FromMessage(answer); });
}

void RemoteStore::Txn(TxnRequest request, Callback<TxnResponse> done) {
  Send<etcdserverpb::TxnResponse>(kTxn, Repeat::kIfUnsent, ToMessage(request), std::move(done),
                                  [](const auto& answer) { return FromMessage(answer); });
}

void RemoteStore::Compact(CompactRequest request, Callback<CompactResponse> done) {
  etcdserverpb::CompactionRequest message;
  message.set_revision(request.revision);
  message.set_physical(request.physical);
  Send<etcdserverpb::CompactionResponse>(
      kCompact, Repeat::kIfUnsent, std::move(message), std::move(done),
      [](const auto& answer) { return CompactResponse{.revision = answer.header().revision()}; });
}

void RemoteStore::LeaseGrant(LeaseGrantRequest request, Callback<LeaseGrantResponse> done) {
  etcdserverpb::LeaseGrantRequest message;
  message.set_ttl(request.ttl);
  message.set_id(static_cast<int64_t>(request.id));
  // A lease that nobody knows of ends by itself.
  const Repeat repeat = request.id == kNoLease ? Repeat::kAlways : Repeat::kIfUnsent;
  Send<etcdserverpb::LeaseGrantResponse>(
      kLeaseGrant, repeat, std::move(message), std::move(done), [](const auto& answer) {
        return LeaseGrantResponse{.revision = answer.header().revision(),
                                  .id = LeaseId{answer.id()},
                                  .ttl = answer.ttl()};
      });
}

void RemoteStore::LeaseRevoke(LeaseId id, Callback<LeaseRevokeResponse> done) {
  etcdserverpb::LeaseRevokeRequest message;
  message.set_id(static_cast<int64_t>(id));
  Send<etcdserverpb::LeaseRevokeResponse>(
      kLeaseRevoke, Repeat::kIfUnsent, std::move(message), std::move(done), [](const auto& answer) {
        return LeaseRevokeResponse{.revision = answer.header().revision()};
      });
}

void RemoteStore::LeaseKeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done) {
  using Stream = grpc::ClientReaderWriter<etcdserverpb::LeaseKeepAliveRequest,
                                          etcdserverpb::LeaseKeepAliveResponse>;
  using Factory = grpc::internal::ClientReaderWriterFactory<etcdserverpb::LeaseKeepAliveRequest,
                                                            etcdserverpb::LeaseKeepAliveResponse>;
  Run<LeaseKeepAliveResponse>(
      std::move(done), [this, id]() -> absl::StatusOr<LeaseKeepAliveResponse> {
        ASSIGN_OR_RETURN(const Cluster::Connection connection, cluster_->Connected());
        grpc::ClientContext context;
        cluster_->Fill(context);
        cluster_->SetDeadline(context);
        const grpc::internal::RpcMethod method(kLeaseKeepAlive,
                                               grpc::internal::RpcMethod::BIDI_STREAMING);
        const std::unique_ptr<Stream> stream(
            Factory::Create(connection.channel.get(), method, &context));
        etcdserverpb::LeaseKeepAliveRequest request;
        request.set_id(static_cast<int64_t>(id));
        etcdserverpb::LeaseKeepAliveResponse answer;
        const bool answered = stream->Write(request) && stream->Read(&answer);
        stream->WritesDone();
        const grpc::Status status = stream->Finish();
        if (!answered) return cluster_->Failed(connection, status);
        RETURN_IF_ERROR(cluster_->Note(answer.header()));
        return LeaseKeepAliveResponse{
            .revision = answer.header().revision(), .id = id, .ttl = answer.ttl()};
      });
}

void RemoteStore::LeaseTimeToLive(LeaseId id, bool keys, Callback<LeaseTimeToLiveResponse> done) {
  etcdserverpb::LeaseTimeToLiveRequest message;
  message.set_id(static_cast<int64_t>(id));
  message.set_keys(keys);
  Send<etcdserverpb::LeaseTimeToLiveResponse>(
      kLeaseTimeToLive, Repeat::kAlways, std::move(message), std::move(done),
      [id](const auto& answer) {
        return LeaseTimeToLiveResponse{.revision = answer.header().revision(),
                                       .id = id,
                                       .ttl = answer.ttl(),
                                       .granted_ttl = answer.grantedttl(),
                                       .keys = {answer.keys().begin(), answer.keys().end()}};
      });
}

void RemoteStore::LeaseLeases(Callback<LeaseLeasesResponse> done) {
  Send<etcdserverpb::LeaseLeasesResponse>(
      kLeaseLeases, Repeat::kAlways, etcdserverpb::LeaseLeasesRequest(), std::move(done),
      [](const auto& answer) {
        LeaseLeasesResponse response{.revision = answer.header().revision()};
        for (const auto& lease : answer.leases()) response.leases.push_back(LeaseId{lease.id()});
        return response;
      });
}

absl::StatusOr<std::unique_ptr<Watch>> RemoteStore::StartWatch(
    WatchRequest request, std::function<void(const WatchResponse&)> observer) {
  return std::make_unique<RemoteWatch>(*cluster_, std::move(request), std::move(observer));
}

StoreStatus RemoteStore::Status() {
  StoreStatus status{.cluster_id = cluster_->id(), .name = cluster_->name()};
  // Of the whole cluster: a server's own status may lag behind.
  (void)Range(RangeRequest{.key = std::string(1, '\0'), .count_only = true});
  status.revision = cluster_->revision();
  etcdserverpb::StatusResponse answer;
  if (!cluster_->Call(kStatus, Repeat::kAlways, etcdserverpb::StatusRequest(), answer).ok()) {
    return status;
  }
  status.member_id = answer.header().member_id();
  status.commit_sequence = answer.raftindex();
  status.term = answer.raftterm();
  status.database_bytes = answer.dbsize();
  status.database_bytes_in_use = answer.dbsizeinuse();
  return status;
}

void RemoteStore::Hash(int64_t revision, Callback<HashResult> done) {
  etcdserverpb::HashKVRequest message;
  message.set_revision(revision);
  Send<etcdserverpb::HashKVResponse>(
      kHashKv, Repeat::kAlways, std::move(message), std::move(done),
      [revision](const auto& answer) {
        return HashResult{
            .hash = answer.hash(),
            .revision = answer.header().revision(),
            .hash_revision = answer.hash_revision() != 0 ? answer.hash_revision() : revision,
            .compact_revision = answer.compact_revision()};
      });
}

void RemoteStore::Defragment(Callback<bool> done) {
  Send<etcdserverpb::DefragmentResponse>(kDefragment, Repeat::kIfUnsent,
                                         etcdserverpb::DefragmentRequest(), std::move(done),
                                         [](const auto&) { return true; });
}

void RemoteStore::SendAlarm(etcdserverpb::AlarmRequest::AlarmAction action, const Alarm& alarm,
                            Callback<bool> done) {
  etcdserverpb::AlarmRequest message;
  message.set_action(action);
  message.set_memberid(alarm.member_id);
  message.set_alarm(static_cast<etcdserverpb::AlarmType>(alarm.type));
  Send<etcdserverpb::AlarmResponse>(kAlarm, Repeat::kAlways, std::move(message), std::move(done),
                                    [](const auto& answer) { return answer.alarms_size() > 0; });
}

void RemoteStore::SetAlarm(Alarm alarm, Callback<bool> done) {
  SendAlarm(etcdserverpb::AlarmRequest::ACTIVATE, alarm, std::move(done));
}

void RemoteStore::ClearAlarm(Alarm alarm, Callback<bool> done) {
  SendAlarm(etcdserverpb::AlarmRequest::DEACTIVATE, alarm, std::move(done));
}

void RemoteStore::Snapshot(std::function<bool(const SnapshotPiece&)> sink, Callback<bool> done) {
  using Stream = grpc::ClientReader<etcdserverpb::SnapshotResponse>;
  using Factory = grpc::internal::ClientReaderFactory<etcdserverpb::SnapshotResponse>;
  Run<bool>(std::move(done), [this, sink = std::move(sink)]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const Cluster::Connection connection, cluster_->Connected());
    grpc::ClientContext context;
    cluster_->Fill(context);
    const grpc::internal::RpcMethod method(kSnapshot, grpc::internal::RpcMethod::SERVER_STREAMING);
    const std::unique_ptr<Stream> stream(Factory::Create(connection.channel.get(), method, &context,
                                                         etcdserverpb::SnapshotRequest()));
    etcdserverpb::SnapshotResponse piece;
    bool wanted = true;
    while (wanted && stream->Read(&piece)) {
      wanted = sink({.bytes = piece.blob(), .remaining = piece.remaining_bytes()});
    }
    if (!wanted) context.TryCancel();
    const grpc::Status status = stream->Finish();
    if (wanted && !status.ok()) return cluster_->Failed(connection, status);
    return wanted;
  });
}

}  // namespace remote
}  // namespace kvshim
