#include "transfer/etcd_client.h"

#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::transfer {
namespace {

using base::Concat;
using grpc::internal::RpcMethod;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr int kAttempts = 8;
constexpr milliseconds kFirstPause{50};
constexpr seconds kConnectPatience{5};
constexpr seconds kCallPatience{120};
constexpr int64_t kKeysAPage = 500;
constexpr int64_t kBareKeysAPage = 20000;

absl::Status StatusOf(const grpc::Status& status, const std::string& name) {
  return {static_cast<absl::StatusCode>(status.error_code()),
          base::ToAbsl(Concat(name, ": ", status.error_message()))};
}

// The first key after `key`.
std::string After(const std::string& key) { return key + '\0'; }

}  // namespace

absl::StatusOr<std::unique_ptr<EtcdClient>> EtcdClient::Connect(
    const std::string& name, const sql::NetworkOptions& network) {
  ASSIGN_OR_RETURN(const std::vector<remote::Address> addresses, remote::ParseAddresses(name));
  absl::Status failed;
  for (const remote::Address& address : addresses) {
    ASSIGN_OR_RETURN(auto channel, remote::Dial(address, {network.ca_file, network.cert_file,
                                                          network.key_file, network.skip_verify}));
    std::unique_ptr<EtcdClient> client(new EtcdClient(address, std::move(channel)));
    const auto deadline = system_clock::now() + kConnectPatience;
    if (!client->channel_->WaitForConnected(deadline)) {
      failed = absl::UnavailableError(
          Concat("no etcd answers at ", client->name_,
                 address.tls ? ", or its certificate is not trusted; see --ca-file" : ""));
      continue;
    }
    failed = client->Authenticate();
    if (!failed.ok()) continue;
    etcdserverpb::RangeRequest request;
    request.set_key(std::string(1, '\0'));
    request.set_count_only(true);
    auto response = client->Call<etcdserverpb::RangeResponse>(kRange, request);
    failed = response.status();
    if (!response.ok()) continue;
    client->cluster_id_ = response->header().cluster_id();
    return client;
  }
  return failed;
}

void EtcdClient::Fill(grpc::ClientContext& context) const {
  if (!token_.empty()) context.AddMetadata("token", token_);
}

absl::Status EtcdClient::Authenticate() {
  token_.clear();
  if (address_.user.empty()) return absl::OkStatus();
  etcdserverpb::AuthenticateRequest request;
  request.set_name(address_.user);
  request.set_password(address_.password);
  ASSIGN_OR_RETURN(const auto response,
                   Call<etcdserverpb::AuthenticateResponse>(remote::kAuthenticate, request));
  token_ = response.token();
  return absl::OkStatus();
}

absl::Status EtcdClient::Call(const char* method, const google::protobuf::MessageLite& request,
                              google::protobuf::MessageLite& response) {
  const RpcMethod rpc(method, RpcMethod::NORMAL_RPC, channel_);
  milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    grpc::ClientContext context;
    Fill(context);
    context.set_deadline(system_clock::now() + kCallPatience);
    const grpc::Status status = grpc::internal::BlockingUnaryCall<google::protobuf::MessageLite,
                                                                  google::protobuf::MessageLite>(
        channel_.get(), rpc, &context, request, &response);
    if (status.ok()) return absl::OkStatus();
    // A token that has become too old.
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED && !token_.empty() &&
        attempt < kAttempts) {
      RETURN_IF_ERROR(Authenticate());
      continue;
    }
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE || attempt == kAttempts) {
      return StatusOf(status, name_);
    }
    std::this_thread::sleep_for(pause);
  }
}

absl::StatusOr<std::vector<int64_t>> EtcdClient::Leases() {
  ASSIGN_OR_RETURN(const auto response, Call<etcdserverpb::LeaseLeasesResponse>(
                                            kLeaseLeases, etcdserverpb::LeaseLeasesRequest()));
  std::vector<int64_t> leases;
  for (const auto& lease : response.leases()) leases.push_back(lease.id());
  std::ranges::sort(leases);
  return leases;
}

absl::Status EtcdClient::KeepAlive(std::span<const int64_t> leases) {
  using Stream = grpc::ClientReaderWriter<etcdserverpb::LeaseKeepAliveRequest,
                                          etcdserverpb::LeaseKeepAliveResponse>;
  using Factory = grpc::internal::ClientReaderWriterFactory<etcdserverpb::LeaseKeepAliveRequest,
                                                            etcdserverpb::LeaseKeepAliveResponse>;
  grpc::ClientContext context;
  Fill(context);
  context.set_deadline(system_clock::now() + kCallPatience);
  const RpcMethod rpc(remote::kLeaseKeepAlive, RpcMethod::BIDI_STREAMING, channel_);
  const std::unique_ptr<Stream> stream(Factory::Create(channel_.get(), rpc, &context));
  // Answers are taken along: a server that cannot send need not read on.
  constexpr size_t kUnanswered = 100;
  size_t answered = 0;
  etcdserverpb::LeaseKeepAliveResponse response;
  for (size_t i = 0; i < leases.size(); ++i) {
    etcdserverpb::LeaseKeepAliveRequest request;
    request.set_id(leases[i]);
    if (!stream->Write(request)) break;
    if (i >= answered + kUnanswered && stream->Read(&response)) ++answered;
  }
  stream->WritesDone();
  while (answered < leases.size() && stream->Read(&response)) ++answered;
  if (answered == leases.size()) {
    context.TryCancel();
    stream->Finish();
    return absl::OkStatus();
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return StatusOf(status, name_);
  return absl::UnavailableError(Concat(name_, ": keepalives were not answered"));
}

absl::Status EtcdClient::Snapshot(const std::function<absl::Status(const std::string&)>& visit) {
  using Stream = grpc::ClientReader<etcdserverpb::SnapshotResponse>;
  using Factory = grpc::internal::ClientReaderFactory<etcdserverpb::SnapshotResponse>;
  grpc::ClientContext context;
  Fill(context);
  const RpcMethod rpc(remote::kSnapshot, RpcMethod::SERVER_STREAMING, channel_);
  const std::unique_ptr<Stream> stream(
      Factory::Create(channel_.get(), rpc, &context, etcdserverpb::SnapshotRequest()));
  etcdserverpb::SnapshotResponse response;
  absl::Status visited;
  while (visited.ok() && stream->Read(&response)) visited = visit(response.blob());
  if (!visited.ok()) context.TryCancel();
  const grpc::Status status = stream->Finish();
  RETURN_IF_ERROR(visited);
  return status.ok() ? absl::OkStatus() : StatusOf(status, name_);
}

absl::Status EtcdClient::List(
    int64_t revision, bool keys_only,
    const std::function<absl::Status(const etcdserverpb::RangeResponse&)>& visit) {
  etcdserverpb::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_range_end(std::string(1, '\0'));
  request.set_revision(revision);
  request.set_limit(keys_only ? kBareKeysAPage : kKeysAPage);
  request.set_keys_only(keys_only);
  while (true) {
    ASSIGN_OR_RETURN(const auto page, Call<etcdserverpb::RangeResponse>(kRange, request));
    if (request.revision() == 0) request.set_revision(page.header().revision());
    RETURN_IF_ERROR(visit(page));
    if (!page.more() || page.kvs().empty()) return absl::OkStatus();
    request.set_key(After(page.kvs().rbegin()->key()));
  }
}

}  // namespace kvshim::transfer
