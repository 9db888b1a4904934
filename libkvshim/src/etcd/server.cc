#include "kvshim/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "etcd/call_metrics.h"
#include "etcd/cluster_service.h"
#include "etcd/kv_service.h"
#include "etcd/lease_service.h"
#include "etcd/maintenance_service.h"
#include "etcd/pages.h"
#include "etcd/peer_host.h"
#include "etcd/peer_link.h"
#include "etcd/peer_news.h"
#include "etcd/service_context.h"
#include "etcd/watch_service.h"
#include "http/certificates.h"
#include "http/listener.h"
#include "kvshim/version.h"
#include "mvcc/errors.h"
#include "rpc/server.h"
#include "store/engine.h"

namespace kvshim {
namespace etcd {
namespace {

// For what other servers have asked of this one to be answered.
constexpr std::chrono::milliseconds kLinksGrace{1000};

std::string Hex(uint64_t number) {
  std::ostringstream text;
  text << std::hex << number;
  return text.str();
}

// The address by which this host reaches others, as a URL has it; "localhost" where it has none.
std::string OwnHost() {
  // Nothing is sent: the kernel only chooses the way.
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in remote{.sin_family = AF_INET, .sin_port = htons(9)};
  inet_pton(AF_INET, "198.51.100.1", &remote.sin_addr);
  sockaddr_in own{};
  socklen_t size = sizeof(own);
  char text[INET_ADDRSTRLEN] = "localhost";
  if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&remote), sizeof(remote)) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0) {
    inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text));
  }
  if (fd >= 0) close(fd);
  return text;
}

// `any_host` stands for an address that means every interface.
std::string UrlOf(const std::string& scheme, std::string address, const std::string& any_host) {
  if (address.starts_with("unix://")) return address;
  for (const std::string_view any : {"0.0.0.0:", "[::]:"}) {
    if (address.starts_with(any)) address = base::Concat(any_host, ":", address.substr(any.size()));
  }
  return scheme + address;
}

class EtcdServer final : public Server {
 public:
  EtcdServer(store::Engine& store, const ServerOptions& options)
      : options_(options),
        context_{.store = store,
                 .version = options.etcd_version.empty() ? std::string(kEmulatedEtcdVersion)
                                                         : options.etcd_version,
                 .max_request_bytes = options.max_request_bytes},
        peer_host_(store),
        pages_(MakePages(context_)),
        metrics_(store.metrics()) {
    pages_.AddUpgrade(
        PeerHost::kPath, PeerHost::kProtocol,
        [this](std::shared_ptr<http::Channel> channel) { peer_host_.Take(std::move(channel)); });
  }
  ~EtcdServer() override { Drain({}); }

  absl::Status Start();

  std::vector<std::string> client_urls() const override { return client_urls_; }
  std::string metrics_url() const override { return metrics_url_; }
  void Drain(std::chrono::milliseconds grace) override;

 private:
  absl::Status Listen();
  void StartRpc();
  void AddGauges();

  const ServerOptions options_;
  ServiceContext context_;
  PeerHost peer_host_;
  http::Pages pages_;
  CallMetrics metrics_;
  std::vector<std::string> client_urls_;
  std::string metrics_url_;
  std::unique_ptr<http::Certificates> certificates_;
  std::unique_ptr<rpc::Server> rpc_;
  std::unique_ptr<http::Listener> clients_;
  std::unique_ptr<http::Listener> monitors_;  // of the metrics address
  std::unique_ptr<PeerNews> peer_news_;
  std::unique_ptr<PeerLink> peer_link_;
};

absl::Status EtcdServer::Start() {
  RETURN_IF_ERROR(Listen());
  StartRpc();
  AddGauges();
  clients_->Start();
  if (monitors_ != nullptr) monitors_->Start();
  const http::IdentitySource identity = certificates_ == nullptr ? http::IdentitySource() : [this] {
    return certificates_->identity();
  };
  peer_news_ = std::make_unique<PeerNews>(context_.store, identity);
  peer_link_ = std::make_unique<PeerLink>(context_.store, identity);
  context_.store.OnNews([this](int64_t sequence) { peer_news_->Announce(sequence); });
  context_.store.OnSuspicion([this] { peer_news_->Ask(); });
  return absl::OkStatus();
}

absl::Status EtcdServer::Listen() {
  if (!options_.server_cert_file.empty()) {
    ASSIGN_OR_RETURN(certificates_,
                     http::Certificates::Load({.cert_file = options_.server_cert_file,
                                               .key_file = options_.server_key_file,
                                               .ca_file = options_.trusted_ca_file}));
  }
  clients_ = std::make_unique<http::Listener>(http::ListenerOptions{
      .pages = &pages_,
      .certificates = certificates_.get(),
      .take_http2 = [this](int fd, std::string_view read) { rpc_->TakeConnection(fd, read); }});
  for (const std::string& address : options_.listen_addresses) {
    RETURN_IF_ERROR(clients_->AddAddress(address));
  }
  const std::string scheme = certificates_ == nullptr ? "http://" : "https://";
  for (const std::string& address : clients_->addresses()) {
    client_urls_.push_back(UrlOf(scheme, address, "localhost"));
    context_.client_urls.push_back(UrlOf(scheme, address, OwnHost()));
  }
  if (!options_.advertise_client_urls.empty()) {
    context_.client_urls = options_.advertise_client_urls;
  }
  context_.store.SetClientUrls(context_.client_urls);
  if (options_.metrics_address.empty()) return absl::OkStatus();
  monitors_ = std::make_unique<http::Listener>(http::ListenerOptions{.pages = &pages_});
  RETURN_IF_ERROR(monitors_->AddAddress(options_.metrics_address));
  metrics_url_ = UrlOf("http://", monitors_->addresses().front(), "localhost");
  return absl::OkStatus();
}

void EtcdServer::StartRpc() {
  std::vector<rpc::Service> services;
  services.push_back(KvService(context_));
  services.push_back(WatchService(context_));
  services.push_back(LeaseService(context_));
  services.push_back(MaintenanceService(context_));
  services.push_back(ClusterService(context_));
  services.push_back(AuthService(context_));
  rpc::ServerOptions options;
  options.threads = options_.threads;
  options.max_receive_bytes = context_.max_message_bytes();
  options.max_concurrent_streams = options_.max_concurrent_streams;
  options.max_concurrent_calls = options_.max_concurrent_calls;
  options.too_many_calls = mvcc::TooManyRequests();
  options.stream_low_water = context_.store.hub().low_water();
  options.observer = &metrics_;
  if (certificates_ != nullptr) {
    options.tls = [this] { return certificates_->context(); };
  }
  rpc_ = std::make_unique<rpc::Server>(std::move(options), std::move(services));
}

void EtcdServer::AddGauges() {
  base::MetricsRegistry& registry = context_.store.metrics();
  registry
      .AddGauge("etcd_server_version", "Which version is running. 1 for 'server_version' label.",
                {{"server_version", context_.version}})
      .Set(1);
  registry
      .AddGauge("etcd_server_id",
                "Server or member ID in hexadecimal format. 1 for 'server_id' "
                "label with current ID.",
                {{"server_id", Hex(context_.store.member_id())}})
      .Set(1);
  registry
      .AddGauge("kvshim_build_info", "Which kvshim is running. 1 for its version.",
                {{"version", std::string(kVersion)}})
      .Set(1);
}

void EtcdServer::Drain(std::chrono::milliseconds grace) {
  context_.store.OnNews({});
  context_.store.OnSuspicion({});
  peer_news_.reset();
  peer_host_.Drain(std::min<std::chrono::milliseconds>(grace, kLinksGrace));
  if (clients_ != nullptr) clients_->Stop();
  if (rpc_ != nullptr) {
    context_.store.hub().Shutdown(mvcc::Stopped());
    rpc_->Drain(grace, mvcc::Stopped());
  }
  // Calls that it relayed have been answered now.
  peer_link_.reset();
  if (monitors_ != nullptr) monitors_->Stop();
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
