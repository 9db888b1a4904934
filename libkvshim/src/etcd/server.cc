#include "kvshim/server.h"

#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "etcd/call_metrics.h"
#include "etcd/cluster_service.h"
#include "etcd/kv_service.h"
#include "etcd/lease_service.h"
#include "etcd/maintenance_service.h"
#include "etcd/service_context.h"
#include "etcd/watch_service.h"
#include "kvshim/version.h"
#include "mvcc/errors.h"
#include "rpc/server.h"
#include "store/engine.h"

namespace kvshim {
namespace etcd {
namespace {

class EtcdServer final : public Server {
 public:
  EtcdServer(store::Engine& store, const ServerOptions& options)
      : options_(options),
        context_{.store = store,
                 .version = options.etcd_version.empty() ? std::string(kEmulatedEtcdVersion)
                                                         : options.etcd_version,
                 .max_request_bytes = options.max_request_bytes},
        metrics_(store.metrics()) {}
  ~EtcdServer() override { Drain({}); }

  absl::Status Start();

  std::vector<std::string> client_urls() const override { return context_.client_urls; }
  std::string metrics_url() const override { return {}; }
  void Drain(std::chrono::milliseconds grace) override;

 private:
  const ServerOptions options_;
  ServiceContext context_;
  CallMetrics metrics_;
  std::unique_ptr<rpc::Server> rpc_;
};

absl::Status EtcdServer::Start() {
  std::vector<rpc::Service> services;
  services.push_back(KvService(context_));
  services.push_back(WatchService(context_));
  services.push_back(LeaseService(context_));
  services.push_back(MaintenanceService(context_));
  services.push_back(ClusterService(context_));
  services.push_back(AuthService(context_));
  rpc::ServerOptions rpc_options;
  rpc_options.threads = options_.threads;
  rpc_options.max_receive_bytes = options_.max_request_bytes + (size_t{512} << 10);
  rpc_options.max_concurrent_streams = options_.max_concurrent_streams;
  rpc_options.max_concurrent_calls = options_.max_concurrent_calls;
  rpc_options.too_many_calls = mvcc::TooManyRequests();
  rpc_options.stream_low_water = context_.store.hub().low_water();
  rpc_options.observer = &metrics_;
  rpc_options.listen_addresses = options_.listen_addresses;
  ASSIGN_OR_RETURN(rpc_, rpc::Server::Start(std::move(rpc_options), std::move(services)));
  for (int port : rpc_->ports()) {
    context_.client_urls.push_back(base::Concat("http://127.0.0.1:", port));
  }
  return absl::OkStatus();
}

void EtcdServer::Drain(std::chrono::milliseconds grace) {
  if (rpc_ == nullptr) return;
  context_.store.hub().Shutdown(mvcc::Stopped());
  rpc_->Drain(grace, mvcc::Stopped());
}

}  // namespace
}  // namespace etcd

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Store& store, const ServerOptions& options) {
  auto* engine = dynamic_cast<store::Engine*>(&store);
  if (engine == nullptr) {
    return absl::InvalidArgumentError("only a store opened by Store::Open can be served");
  }
  auto server = std::make_unique<etcd::EtcdServer>(*engine, options);
  RETURN_IF_ERROR(server->Start());
  return server;
}

}  // namespace kvshim
