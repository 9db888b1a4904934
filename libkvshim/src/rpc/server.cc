#include "rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/strings.h"
#include "rpc/completion_loop.h"
#include "rpc/grpc_stream_call.h"
#include "rpc/grpc_unary_call.h"
#include "rpc/method_table.h"
#include "rpc/server_state.h"

namespace kvshim::rpc {
namespace {

// Calls of one method that gRPC can hand out at once on one queue before more are asked for.
constexpr int kUnaryCallsAhead = 16;
constexpr int kStreamsAhead = 4;
// For clients to hear that they should go elsewhere.
constexpr std::chrono::milliseconds kLastOrders{100};
// For the last answers to leave.
constexpr std::chrono::milliseconds kGoodbye{200};

int Milliseconds(std::chrono::milliseconds duration) { return static_cast<int>(duration.count()); }

class GrpcServer final : public Server {
 public:
  GrpcServer(ServerOptions options, std::vector<Service> services)
      : options_(std::move(options)), services_(std::move(services)) {}
  ~GrpcServer() override { Drain({}, absl::UnavailableError("the server stops")); }

  absl::Status Start();

  void TakeConnection(int fd, std::string_view read_already) override {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = -1;
    connection.fd = fd;
    if (!read_already.empty()) {
      const grpc::Slice slice(read_already.data(), read_already.size());
      connection.read_buffer = grpc::ByteBuffer(&slice, 1);
    }
    base::MutexLock lock(taking_mutex_);
    if (taking_) {
      acceptor_->HandleNewConnection(&connection);
    } else {  // gRPC would forget the socket, and its client would wait
      close(fd);
    }
  }

  void SetServing(bool serving) override {
    if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(serving);
  }

  size_t active_calls() const override { return state_.active_calls(); }
  const std::vector<int>& ports() const override { return ports_; }

  void Drain(std::chrono::milliseconds grace, absl::Status stream_status) override;

 private:
  void ApplyLimits(grpc::ServerBuilder& builder) const;

  const ServerOptions options_;
  const std::vector<Service> services_;
  MethodTable table_{services_};
  ServerState state_{options_, table_};
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::vector<std::unique_ptr<CompletionLoop>> loops_;
  std::vector<int> ports_;
  std::unique_ptr<grpc::Server> server_;

  base::Mutex drain_mutex_;  // held for a whole Drain: a second one waits for the first
  base::Mutex taking_mutex_;
  bool taking_ GUARDED_BY(taking_mutex_) = true;
};

void GrpcServer::ApplyLimits(grpc::ServerBuilder& builder) const {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options_.max_receive_bytes));
  builder.SetMaxSendMessageSize(-1);
  // A call's deadline is for its client to keep, which cancels the call when it has passed. gRPC
  // would count it from a clock that it read before it waited for bytes: a process that slept
  // meanwhile (paused, suspended) would answer DEADLINE_EXCEEDED to calls that are in time while
  // they are carried out, and etcd's Go client, whose own time is not over, sends a call so
  // answered again, writes as well: they would be carried out twice.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(options_.max_concurrent_streams));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(options_.min_ping_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options_.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options_.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             Milliseconds(options_.handshake_timeout));
}

absl::Status GrpcServer::Start() {
  grpc::EnableDefaultHealthCheckService(options_.health);
  // The plugin is of the whole process; a second registration would be a second service.
  if (options_.reflection) {
    static const bool once = [] {
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
      return true;
    }();
    static_cast<void>(once);
  }
  grpc::ServerBuilder builder;
  ApplyLimits(builder);
  const std::shared_ptr<grpc::ServerCredentials> credentials =
      options_.credentials ? options_.credentials : grpc::InsecureServerCredentials();
  ports_.resize(options_.listen_addresses.size());
  for (size_t i = 0; i < ports_.size(); ++i) {
    builder.AddListeningPort(options_.listen_addresses[i], credentials, &ports_[i]);
  }
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  table_.ForEachService([&](grpc::Service& service) { builder.RegisterService(&service); });
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int threads = options_.threads > 0 ? options_.threads : std::max(1, cores / 2);
  for (int i = 0; i < threads; ++i) {
    loops_.push_back(std::make_unique<CompletionLoop>(builder.AddCompletionQueue()));
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::string addresses;
    for (const std::string& address : options_.listen_addresses) addresses += " " + address;
    return absl::UnavailableError(base::Concat("cannot listen on", addresses));
  }
  if (options_.observer != nullptr) {
    std::vector<const Method*> methods;
    for (size_t i = 0; i < table_.size(); ++i) methods.push_back(&table_.method(i));
    options_.observer->OnMethods(methods);
  }
  for (const auto& loop : loops_) {
    for (size_t method = 0; method < table_.size(); ++method) {
      if (table_.method(method).type == MethodType::kUnary) {
        for (int i = 0; i < kUnaryCallsAhead; ++i) {
          GrpcUnaryCall::Listen(state_, method, loop->queue());
        }
      } else {
        for (int i = 0; i < kStreamsAhead; ++i) {
          GrpcStreamCall::Listen(state_, method, loop->queue());
        }
      }
    }
  }
  for (size_t i = 0; i < loops_.size(); ++i) loops_[i]->Start(base::Concat("kv-rpc-", i));
  return absl::OkStatus();
}

void GrpcServer::Drain(std::chrono::milliseconds grace, absl::Status stream_status) {
  base::MutexLock drain_lock(drain_mutex_);
  if (loops_.empty()) return;
  if (server_ != nullptr) {
    SetServing(false);
    for (const std::shared_ptr<Stream>& stream : state_.BeginDrain(stream_status)) {
      stream->Finish(stream_status);
    }
    // gRPC's own shutdown cancels calls that come after it began, so it begins a moment late: new
    // ones are answered properly (ServerState::CallArrived) and their clients stop to call.
    std::this_thread::sleep_for(std::min(grace, kLastOrders));
    state_.WaitUntilIdle(base::Clock::Real().Now() + grace);
    {
      base::MutexLock lock(taking_mutex_);
      taking_ = false;
    }
    server_->Shutdown(std::chrono::system_clock::now() + std::min(grace, kGoodbye));
    state_.WaitUntilIdle();
  }
  for (const auto& loop : loops_) loop->Stop();
  loops_.clear();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      std::vector<Service> services) {
  auto server = std::make_unique<GrpcServer>(std::move(options), std::move(services));
  if (absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

}  // namespace kvshim::rpc
