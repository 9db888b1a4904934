#include "remote/cluster.h"

#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/logger.h"
#include "base/strings.h"

namespace kvshim::remote {
namespace {

using base::Concat;
using grpc::internal::RpcMethod;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr milliseconds kFirstPause{10};
constexpr milliseconds kLongestPause{500};
// How long one server is given to be connected before the next is tried.
constexpr milliseconds kTryOne{1000};
// After all of them have been tried.
constexpr milliseconds kRoundPause{50};

grpc::Status CallOnce(grpc::Channel& channel, const char* method, grpc::ClientContext& context,
                      const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite& response) {
  // The method refers to no channel: it is only its name here.
  const RpcMethod rpc(method, RpcMethod::NORMAL_RPC);
  return grpc::internal::BlockingUnaryCall<google::protobuf::MessageLite,
                                           google::protobuf::MessageLite>(&channel, rpc, &context,
                                                                          request, &response);
}

// False where it cannot be connected, or not by then.
bool Await(grpc::Channel& channel, system_clock::time_point deadline) {
  while (true) {
    const grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) return false;
    if (!channel.WaitForStateChange(state, deadline)) return false;
  }
}

}  // namespace

Cluster::Cluster(std::vector<Server> servers, const ClusterOptions& options)
    : servers_(std::move(servers)), options_(options), name_([this] {
        std::vector<std::string> urls;
        for (const Server& server : servers_) urls.push_back(server.address.Url());
        return base::Join(urls, ",");
      }()) {}

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Connect(const std::string& text,
                                                          const ClusterOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Address> addresses, ParseAddresses(text));
  std::vector<Server> servers;
  for (const Address& address : addresses) {
    ASSIGN_OR_RETURN(auto channel, Dial(address, options.tls));
    servers.push_back({address, std::move(channel)});
  }
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(servers), options));
  RETURN_IF_ERROR(cluster->Authenticate());
  etcdserverpb::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_count_only(true);
  etcdserverpb::RangeResponse response;
  RETURN_IF_ERROR(cluster->Call(kRange, Repeat::kAlways, request, response));
  return cluster;
}

absl::StatusOr<Cluster::Connection> Cluster::Connected() {
  const auto deadline = system_clock::now() + options_.connect_timeout;
  for (size_t tries = 1; system_clock::now() < deadline; ++tries) {
    const size_t index = current_;
    const Server& server = servers_[index];
    if (Await(*server.channel, std::min(deadline, system_clock::now() + kTryOne))) {
      return Connection{server.channel, index};
    }
    Leave({server.channel, index});
    if (tries % servers_.size() == 0) std::this_thread::sleep_for(kRoundPause);
  }
  const bool tls = servers_.front().address.tls;
  return absl::UnavailableError(
      Concat("no etcd answers at ", name_, tls ? ", or its certificate is not trusted" : ""));
}

void Cluster::Leave(const Connection& connection) {
  size_t left = connection.index;
  if (current_.compare_exchange_strong(left, (connection.index + 1) % servers_.size()) &&
      servers_.size() > 1) {
    base::Log(base::Level::kWarning, "another server of the etcd is asked",
              {{"left", servers_[connection.index].address.Url()}});
  }
}

void Cluster::Fill(grpc::ClientContext& context) {
  base::MutexLock lock(mutex_);
  if (!token_.empty()) context.AddMetadata("token", token_);
}

void Cluster::SetDeadline(grpc::ClientContext& context) const {
  context.set_deadline(system_clock::now() + options_.call_timeout);
}

absl::Status Cluster::Failed(const Connection& connection, const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) Leave(connection);
  return {static_cast<absl::StatusCode>(status.error_code()),
          base::ToAbsl(Concat(name_, ": ", status.error_message()))};
}

absl::Status Cluster::Note(const etcdserverpb::ResponseHeader& header) {
  uint64_t known = 0;
  if (!id_.compare_exchange_strong(known, header.cluster_id()) && known != header.cluster_id()) {
    return absl::FailedPreconditionError(
        Concat(name_, ": the servers belong to different clusters; name those of one"));
  }
  int64_t newest = revision_;
  while (newest < header.revision() &&
         !revision_.compare_exchange_weak(newest, header.revision())) {
  }
  return absl::OkStatus();
}

absl::Status Cluster::Authenticate() {
  const Address& address = servers_.front().address;
  if (address.user.empty()) return absl::OkStatus();
  {
    base::MutexLock lock(mutex_);
    token_.clear();
  }
  etcdserverpb::AuthenticateRequest request;
  request.set_name(address.user);
  request.set_password(address.password);
  etcdserverpb::AuthenticateResponse response;
  RETURN_IF_ERROR(Call(kAuthenticate, Repeat::kAlways, request, response));
  base::MutexLock lock(mutex_);
  token_ = response.token();
  return absl::OkStatus();
}

absl::Status Cluster::CallUnary(const char* method, Repeat repeat,
                                const google::protobuf::MessageLite& request,
                                google::protobuf::MessageLite& response) {
  const auto deadline = system_clock::now() + options_.call_timeout;
  bool authenticated = false;
  for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    ASSIGN_OR_RETURN(const Connection connection, Connected());
    grpc::ClientContext context;
    Fill(context);
    context.set_deadline(deadline);
    const grpc::Status status = CallOnce(*connection.channel, method, context, request, response);
    if (status.ok()) return absl::OkStatus();
    // A token that has become too old.
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED && !authenticated &&
        !servers_.front().address.user.empty() && method != kAuthenticate) {
      authenticated = true;
      RETURN_IF_ERROR(Authenticate());
      continue;
    }
    absl::Status failed = Failed(connection, status);
    if (!absl::IsUnavailable(failed) || repeat != Repeat::kAlways ||
        system_clock::now() + pause >= deadline) {
      return failed;
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace kvshim::remote
