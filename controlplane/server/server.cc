#include "server/server.h"

#include <utility>

#include "admission/chain.h"
#include "admission/quota_usage.h"
#include "apiserver/api.h"
#include "auth/audit_log.h"
#include "auth/authenticator.h"
#include "auth/bootstrap_tokens.h"
#include "auth/follower.h"
#include "auth/guard.h"
#include "auth/node_authorizer.h"
#include "auth/node_graph.h"
#include "auth/rbac.h"
#include "auth/reviews.h"
#include "auth/role_feed.h"
#include "auth/role_seed.h"
#include "auth/role_table.h"
#include "auth/service_account_tokens.h"
#include "auth/token_request.h"
#include "base/executor.h"
#include "base/file.h"
#include "base/logger.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"
#include "cluster/bootstrap.h"
#include "cluster/private_file.h"
#include "controller/controllers.h"
#include "encryption/secrets_encryption.h"
#include "https/listener.h"
#include "registry/identity.h"
#include "server/advertiser.h"
#include "server/api_services.h"
#include "server/credentials.h"
#include "server/encryption_page.h"
#include "server/machine.h"
#include "server/pages.h"
#include "server/request_metrics.h"
#include "server/system_objects.h"
#include "webhook/client.h"
#include "webhook/conversion.h"

namespace kvplane::server {
namespace {

namespace base = kvshim::base;
using base::Concat;

// Certificates are made for a year, and made anew well before it is over.
constexpr std::chrono::hours kRenewEvery{24 * 90};
// The API has threads of its own; these find out who asks, and answer health pages and reviews.
constexpr size_t kHandlerThreads = 8;

absl::Status At(std::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), base::ToAbsl(Concat(where, std::string(status.message()))));
}

absl::StatusOr<cluster::Token> ReadToken(const ServerOptions& options) {
  if (!options.token.empty()) {
    auto token = cluster::Token::Parse(options.token);
    return token.ok() ? token : At("--token: the text ", token.status());
  }
  const std::string path = TokenPath(options.data_dir);
  const absl::StatusOr<std::string> held = kvshim::base::ReadFile(path);
  if (absl::IsNotFound(held.status())) {
    return cluster::Token{.password = cluster::RandomPassword()};
  }
  RETURN_IF_ERROR(held.status());
  auto token = cluster::Token::Parse(*held);
  return token.ok() ? token : At(Concat(path, ": the text "), token.status());
}

apiserver::User Joiner(const std::string& kind) {
  return {.name = Concat("kvplane:", kind), .groups = {Concat("kvplane:", kind, "s")}};
}

class ApiServer : public Server {
 public:
  ApiServer(kvshim::Store& store, ServerOptions options)
      : store_(store), options_(std::move(options)) {}
  ~ApiServer() override {
    if (advertiser_ != nullptr) advertiser_->Stop();
    renewals_.Stop();
  }

  absl::Status Open() {
    ASSIGN_OR_RETURN(options_.settings, cluster::Complete(options_.settings));
    ASSIGN_OR_RETURN(const cluster::Token token, ReadToken(options_));
    ASSIGN_OR_RETURN(cluster_, cluster::Join(store_, token, options_.settings));
    base::Log(base::Level::kInfo,
              cluster_.founded ? "founded a cluster" : "joined the cluster of the datastore",
              {{"ca", cluster::Fingerprint(cluster_.server_ca.certificate)}});
    RETURN_IF_ERROR(WriteTokens(token));
    ASSIGN_OR_RETURN(encryption_, encryption::SecretsEncryption::Open(store_, token.password,
                                                                      options_.secrets_encryption));
    ASSIGN_OR_RETURN(api_,
                     apiserver::Api::Create(encryption_->store(),
                                            {.inflight = options_.inflight,
                                             .request_timeout = options_.request_timeout,
                                             .service_range = cluster_.settings.service_cidr}));
    RETURN_IF_ERROR(OpenAuth());
    webhooks_ = webhook::Client::Make();
    conversion_ = std::make_unique<webhook::ConversionWebhook>(api_->registry(), *webhooks_);
    api_->registry().SetConverter(conversion_.get());
    admission_ = admission::MakeChain(api_->registry(), authorizer_, *webhooks_);
    RETURN_IF_ERROR(OpenListener());
    RETURN_IF_ERROR(WriteKubeconfig());
    api_services_ = std::make_unique<ApiServices>(api_->registry());
    ScheduleRenewal();
    StartControllers();
    RETURN_IF_ERROR(Advertise());
    return absl::OkStatus();
  }

  const std::string& url() const override { return url_; }
  const std::string& kubeconfig() const override { return kubeconfig_path_; }
  const std::string& join_token() const override { return join_token_; }

  void Drain(std::chrono::milliseconds grace) override {
    // First, so that another server has them while this one's clients finish.
    controllers_->Stop();
    advertiser_->Stop();
    listener_->Drain(grace);
  }

 private:
  absl::Status WriteTokens(const cluster::Token& token) {
    const std::string& ca = cluster_.server_ca.certificate;
    const std::string server_dir = Concat(options_.data_dir, "/server");
    const cluster::Token server{
        .ca_hash = cluster::Fingerprint(ca), .user = "server", .password = token.password};
    cluster::Token node = server;
    node.user = "node";
    node.password = cluster::NodePassword(token.password);
    join_token_ = server.Text();
    fixed_users_ = {{Concat("server:", server.password), Joiner("server")},
                    {join_token_, Joiner("server")},
                    {Concat("node:", node.password), Joiner("node")},
                    {node.Text(), Joiner("node")}};
    for (const auto& [name, content] :
         {std::pair{"token", join_token_ + "\n"}, std::pair{"node-token", node.Text() + "\n"},
          std::pair{"tls/server-ca.crt", ca},
          std::pair{"tls/client-ca.crt", cluster_.client_ca.certificate},
          std::pair{"tls/request-header-ca.crt", cluster_.request_header_ca.certificate}}) {
      RETURN_IF_ERROR(cluster::WritePrivateFile(Concat(server_dir, "/", std::string_view(name)),
                                                content, 0600));
    }
    return absl::OkStatus();
  }

  absl::Status OpenAuth() {
    ASSIGN_OR_RETURN(auth::JwtKey key, auth::JwtKey::FromPem(cluster_.service_account_key));
    tokens_ = std::make_unique<auth::ServiceAccountTokens>(auth::ServiceAccountTokenOptions{
        .key = std::move(key),
        .issuer = Concat("https://kubernetes.default.svc.", cluster_.settings.cluster_domain),
        .exists = [this](const auto& account, const auto& bound) {
          return auth::IsAlive(api_->registry(), account, bound);
        }});
    ASSIGN_OR_RETURN(
        authenticator_,
        auth::Authenticator::Make({.client_ca = cluster_.client_ca.certificate,
                                   .request_header_ca = cluster_.request_header_ca.certificate,
                                   .tokens = tokens_.get(),
                                   .fixed = {fixed_users_.begin(), fixed_users_.end()},
                                   .other_tokens = [this](std::string_view token) {
                                     return auth::UserOfBootstrapToken(api_->registry(), token);
                                   }}));
    RETURN_IF_ERROR(OpenAudit());
    RETURN_IF_ERROR(auth::SeedRoles(api_->registry()));
    role_feed_ = std::make_unique<auth::RoleFeed>(api_->registry(), roles_);
    RETURN_IF_ERROR(role_feed_->Start());
    return FollowNodes();
  }

  // Without a log.
  absl::Status CheckAuditFlags() {
    if (options_.audit_policy_file.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "--audit-policy-file says what to log, but nothing says where: give --audit-log-path, too");
  }

  absl::Status OpenAudit() {
    auth::AuditLogOptions audit{.path = options_.audit_log,
                                .most_bytes = static_cast<size_t>(options_.audit_max_megabytes)
                                              << 20,
                                .most_backups = options_.audit_max_backups,
                                .longest_kept = std::chrono::hours(24) * options_.audit_max_days};
    if (!options_.audit_policy_file.empty()) {
      const std::string where = Concat("--audit-policy-file: ", options_.audit_policy_file, ": ");
      const auto text = kvshim::base::ReadFile(options_.audit_policy_file);
      if (!text.ok()) return At("--audit-policy-file: ", text.status());
      auto policy = auth::AuditPolicy::Read(*text);
      if (!policy.ok()) return At(where, policy.status());
      audit.policy = *std::move(policy);
    }
    if (audit.path.empty()) return CheckAuditFlags();
    auto opened = auth::AuditLog::Open(std::move(audit));
    if (!opened.ok()) return At("--audit-log-path: ", opened.status());
    audit_ = *std::move(opened);
    return absl::OkStatus();
  }

  absl::Status FollowNodes() {
    node_feed_ = std::make_unique<auth::Follower>(api_->registry(), node_graph_, "kp-nodes");
    for (const auto& [group_version, plural] :
         {std::pair{"v1", "pods"}, std::pair{"v1", "persistentvolumes"},
          std::pair{"storage.k8s.io/v1", "volumeattachments"},
          std::pair{"resource.k8s.io/v1", "resourceslices"}}) {
      const kinds::Served* served = kinds::Kinds::BuiltIn().Find(group_version, plural);
      if (served == nullptr) return absl::InternalError("the schema lacks what nodes read");
      RETURN_IF_ERROR(node_feed_->Follow(*served->kind));
    }
    return absl::OkStatus();
  }

  apiserver::Handler MakeHandler() {
    apiserver::Handler reviews = auth::WithReviews({.authenticator = *authenticator_,
                                                    .authorizer = authorizer_,
                                                    .tokens = *tokens_,
                                                    .registry = api_->registry()},
                                                   Api());
    apiserver::Handler pages = WithPages({.store = store_, .metrics = metrics_, .tokens = *tokens_},
                                         WithEncryptionPage(*encryption_, std::move(reviews)));
    apiserver::Handler guarded = auth::Guard(
        {.authenticate =
             [this](const auto& request) { return authenticator_->Authenticate(request); },
         .authorizer = authorizer_,
         .audit = audit_.get()},
        std::move(pages));
    return WithPublicPages(cluster_.server_ca.certificate, std::move(guarded));
  }

  apiserver::Handler Api() {
    return [this](apiserver::Request request, std::shared_ptr<apiserver::Response> response) {
      api_->Handle(std::move(request), std::move(response));
    };
  }

  absl::Status Advertise() {
    std::string address = options_.advertise_address;
    if (address.empty()) address = options_.bind_address;
    if (!IsAddress(address) || address == "0.0.0.0" || address == "::") address = OwnAddress();
    const controller::Client client(api_->registry(), Api(),
                                    {.name = "system:apiserver", .groups = {"system:masters"}});
    advertiser_ = std::make_unique<Advertiser>(
        AdvertiserOptions{.address = address, .port = port_, .alone = options_.alone}, store_,
        client, renewals_);
    return advertiser_->Start();
  }

  // Controllers are let in as who they say they are, and may do what their roles let them.
  void StartControllers() {
    controllers_ = std::make_unique<controller::Controllers>(controller::ControllersOptions{
        .registry = api_->registry(),
        .api = auth::Guard({.authenticate = [](const apiserver::Request& request)
                                -> absl::StatusOr<apiserver::User> { return request.user; },
                            .authorizer = rbac_,
                            .audit = audit_.get()},
                           Api()),
        .cluster = cluster_,
        .tokens = *tokens_,
        .authorizer = rbac_,
        .quota_rules = {.usage_of = admission::UsageOf,
                        .is_in_scope = admission::IsInScope,
                        .kind_counted = admission::KindCounted},
        .identity = Concat(HostName(), "_", registry::NewUid()),
        .alone = options_.alone});
    controllers_->Start();
  }

  absl::Status OpenListener() {
    std::vector<std::string> more = options_.tls_san;
    more.push_back(options_.bind_address);
    more.push_back(options_.advertise_address);
    ASSIGN_OR_RETURN(names_, NamesOf(cluster_.settings, more));
    ASSIGN_OR_RETURN(const https::TlsIdentity identity, MakeServingIdentity(cluster_, names_));
    base::AddProcessMetrics(metrics_);
    request_metrics_ = std::make_unique<RequestMetrics>(metrics_);
    metrics_.AddGauge("apiserver_current_inflight_requests", "Requests under way.",
                      {{"request_kind", "readOnly"}}, [this] {
                        return static_cast<double>(api_->under_way(apiserver::Lane::kReading));
                      });
    metrics_.AddGauge("apiserver_current_inflight_requests", "Requests under way.",
                      {{"request_kind", "mutating"}}, [this] {
                        return static_cast<double>(api_->under_way(apiserver::Lane::kChanging));
                      });
    ASSIGN_OR_RETURN(listener_, https::Listener::Make({.handler = MakeHandler(),
                                                       .limits = options_.limits,
                                                       .handler_threads = kHandlerThreads,
                                                       .on_answered =
                                                           [this](const https::Access& access) {
                                                             request_metrics_->Count(access);
                                                           }},
                                                      identity));
    const std::string host = options_.bind_address.find(':') == std::string::npos
                                 ? options_.bind_address
                                 : Concat("[", options_.bind_address, "]");
    if (absl::Status status = listener_->AddAddress(Concat(host, ":", options_.https_port));
        !status.ok()) {
      return At("--bind-address, --https-listen-port: ", status);
    }
    const std::string bound = listener_->addresses().front();
    url_ =
        Concat("https://", host.empty() || host == "0.0.0.0" || host == "[::]" ? "127.0.0.1" : host,
               bound.substr(bound.rfind(':')));
    port_ = std::stoi(bound.substr(bound.rfind(':') + 1));
    RETURN_IF_ERROR(EnsureSystemObjects(api_->registry(), cluster_, port_));
    api_->registry().SetAdmission(admission_.get());
    listener_->Start();
    return absl::OkStatus();
  }

  absl::Status WriteKubeconfig() {
    kubeconfig_path_ = options_.kubeconfig.empty() ? Concat(options_.data_dir, "/kubeconfig.yaml")
                                                   : options_.kubeconfig;
    ASSIGN_OR_RETURN(const std::string text, MakeAdminKubeconfig(cluster_, url_));
    const absl::Status written =
        cluster::WritePrivateFile(kubeconfig_path_, text, options_.kubeconfig_mode);
    return written.ok() ? written : At("--write-kubeconfig: ", written);
  }

  void ScheduleRenewal() {
    renewals_.Schedule(base::Clock::Real().Now() + kRenewEvery, [this] {
      absl::Status status = Renew();
      base::Log(status.ok() ? base::Level::kInfo : base::Level::kError, "certificates are renewed",
                {{"status", status}});
      ScheduleRenewal();
    });
  }

  absl::Status Renew() {
    ASSIGN_OR_RETURN(const https::TlsIdentity identity, MakeServingIdentity(cluster_, names_));
    RETURN_IF_ERROR(listener_->SetIdentity(identity));
    return WriteKubeconfig();
  }

  kvshim::Store& store_;
  ServerOptions options_;
  cluster::Bootstrap cluster_;
  std::string join_token_;
  std::map<std::string, apiserver::User> fixed_users_;
  base::MetricsRegistry metrics_;
  std::unique_ptr<auth::AuditLog> audit_;
  std::unique_ptr<encryption::SecretsEncryption> encryption_;
  // What the API's requests look at goes after the API, which waits for them.
  auth::RoleTable roles_;
  auth::Rbac rbac_{roles_};
  auth::NodeGraph node_graph_;
  auth::NodeAuthorizer authorizer_{node_graph_, rbac_};
  std::unique_ptr<webhook::Client> webhooks_;
  std::unique_ptr<webhook::ConversionWebhook> conversion_;
  std::unique_ptr<registry::Admission> admission_;
  std::unique_ptr<apiserver::Api> api_;
  std::unique_ptr<ApiServices> api_services_;
  std::unique_ptr<auth::RoleFeed> role_feed_;
  std::unique_ptr<auth::Follower> node_feed_;
  std::unique_ptr<auth::ServiceAccountTokens> tokens_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<RequestMetrics> request_metrics_;
  ServingNames names_;
  int port_ = 0;
  std::string url_;
  std::string kubeconfig_path_;
  std::unique_ptr<https::Listener> listener_;
  std::unique_ptr<controller::Controllers> controllers_;
  std::unique_ptr<Advertiser> advertiser_;
  base::Executor renewals_{{.name = "kp-renewal"}};
};

}  // namespace

std::string TokenPath(const std::string& data_dir) { return Concat(data_dir, "/server/token"); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(kvshim::Store& store,
                                                      const ServerOptions& options) {
  auto server = std::make_unique<ApiServer>(store, options);
  RETURN_IF_ERROR(server->Open());
  return server;
}

}  // namespace kvplane::server
