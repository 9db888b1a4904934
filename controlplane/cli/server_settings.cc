#include "server_settings.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::cli {
namespace {

using kvshim::base::Concat;
using kvshim::command::AddCount;
using kvshim::command::AddFile;
using kvshim::command::AddParsed;

// Kubernetes keeps five minutes of history for watches to go on from.
constexpr std::chrono::minutes kHistory{5};

void DeclareCluster(CLI::App& command, ServerSettings& settings) {
  server::ServerOptions& server = settings.server;
  command
      .add_option("--token", server.token,
                  "What lets servers into the cluster: K10…::server:PASSWORD of a server's file "
                  "server/token, or a password; where not given the one in the data directory, "
                  "else a new one")
      ->type_name("TOKEN");
  AddFile(command, "--token-file", settings.token_file, "File that holds the token");
  command.add_flag(
      "--secrets-encryption", server.secrets_encryption,
      "Store secrets encrypted (AES-256-GCM); all servers of a cluster need it, or none");
  cluster::ClusterSettings& cluster = server.settings;
  command.add_option("--cluster-cidr", cluster.cluster_cidr, "Network of the pods' addresses")
      ->type_name("CIDR")
      ->capture_default_str();
  command.add_option("--service-cidr", cluster.service_cidr, "Network of the services' addresses")
      ->type_name("CIDR")
      ->capture_default_str();
  command
      .add_option("--cluster-dns", cluster.cluster_dns,
                  "Address of the cluster's DNS service; the tenth of --service-cidr where not "
                  "given")
      ->type_name("IP");
  command.add_option("--cluster-domain", cluster.cluster_domain, "Domain of the services' names")
      ->type_name("DOMAIN")
      ->capture_default_str();
}

void DeclareListener(CLI::App& command, ServerSettings& settings) {
  server::ServerOptions& server = settings.server;
  command
      .add_option("--bind-address", server.bind_address,
                  "Address to listen on; every interface where not given")
      ->type_name("IP");
  command
      .add_option("--https-listen-port", server.https_port, "Port to listen on; 0: any free one")
      ->type_name("PORT")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535).description(""));
  command
      .add_option("--advertise-address", server.advertise_address,
                  "Address at which others reach this server")
      ->type_name("IP");
  command
      .add_option("--tls-san", server.tls_san,
                  "More names and addresses for the serving certificate")
      ->type_name("NAME,...")
      ->delimiter(',');
  AddFile(command, "--write-kubeconfig", server.kubeconfig,
          "Where to write the administrator's kubeconfig; kubeconfig.yaml in the data "
          "directory where not given");
  AddParsed(command, "--write-kubeconfig-mode", "MODE", "0600", "Mode of that file",
            [&server](const std::string& text) -> absl::Status {
              const bool octal = !text.empty() && text.size() <= 4 &&
                                 text.find_first_not_of("01234567") == std::string::npos;
              if (!octal) {
                return absl::InvalidArgumentError(
                    Concat("'", text, "' is no mode; give one such as 0600"));
              }
              server.kubeconfig_mode = static_cast<mode_t>(std::stoul(text, nullptr, 8));
              return absl::OkStatus();
            });
}

void DeclareDatastore(CLI::App& command, ServerSettings& settings) {
  kvshim::StoreOptions& store = settings.store;
  command.add_option("--data-dir", settings.server.data_dir, "Folder of this server's own files")
      ->type_name("PATH")
      ->capture_default_str();
  command
      .add_option("--datastore-endpoint", settings.datastore_endpoint,
                  "The datastore: sqlite://PATH, postgres://USER:PASSWORD@HOST:PORT/DATABASE, "
                  "mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE, or the servers of an etcd: "
                  "https://HOST:PORT,https://HOST:PORT; all servers that name the same "
                  "are one cluster; SQLite in the data directory where not given")
      ->type_name("DSN");
  AddFile(command, "--datastore-cafile", store.database_ca_file,
          "PEM authority that must have signed the database server's certificate");
  AddFile(command, "--datastore-certfile", store.database_cert_file,
          "PEM certificate to show to the database server");
  AddFile(command, "--datastore-keyfile", store.database_key_file,
          "PEM private key of --datastore-certfile");
}

void DeclareLimits(CLI::App& command, ServerSettings& settings) {
  server::ServerOptions& server = settings.server;
  constexpr int kMost = 1 << 30;
  AddCount(command, "--max-requests-inflight", server.inflight.reading, 1, kMost,
           "Most requests that only read at once");
  AddCount(command, "--max-mutating-requests-inflight", server.inflight.changing, 1, kMost,
           "Most requests that change something at once");
  kvshim::command::AddDuration(command, "--request-timeout", server.request_timeout, "1m",
                               "How long a request may take before it is answered with a time-out");
  AddCount(command, "--max-connections", server.limits.max_connections, 1, kMost,
           "Most connections at once");
  AddCount(command, "--max-body-bytes", server.limits.body_bytes, 1, kMost,
           "Most bytes of a request's body");
}

absl::Status CheckDatastore(const ServerSettings& settings) {
  const std::string& endpoint = settings.datastore_endpoint;
  if (!endpoint.empty() && endpoint.find("://") == std::string::npos) {
    return absl::InvalidArgumentError(Concat("--datastore-endpoint: '", endpoint,
                                             "' names no kind of datastore; give sqlite://PATH, "
                                             "postgres://…, mysql://… or https://HOST:PORT"));
  }
  const kvshim::StoreOptions& store = settings.store;
  return kvshim::command::CheckTlsFiles({"--datastore-cafile", store.database_ca_file},
                                        {"--datastore-certfile", store.database_cert_file},
                                        {"--datastore-keyfile", store.database_key_file});
}

}  // namespace

bool IsEtcd(std::string_view endpoint) {
  return endpoint.starts_with("http://") || endpoint.starts_with("https://");
}

std::string DefaultDataDirectory() {
  if (geteuid() == 0) return "/var/lib/kvplane";
  const char* home = std::getenv("HOME");
  return Concat(std::string_view(home == nullptr ? "." : home), "/.kvplane");
}

void DeclareServerFlags(CLI::App& command, ServerSettings& settings) {
  settings.server.data_dir = DefaultDataDirectory();
  settings.store.compaction_mode = kvshim::CompactionMode::kPeriodic;
  settings.store.auto_compaction_retention = kHistory;
  command.option_defaults()->group("Cluster");
  DeclareCluster(command, settings);
  command.option_defaults()->group("Listener");
  DeclareListener(command, settings);
  command.option_defaults()->group("Datastore");
  DeclareDatastore(command, settings);
  command.option_defaults()->group("Limits");
  DeclareLimits(command, settings);
  command.option_defaults()->group("Logs");
  AddFile(command, "--audit-log-path", settings.server.audit_log,
          "File to write a line of JSON to for each request; - for standard output");
  AddFile(command, "--audit-policy-file", settings.server.audit_policy_file,
          "Policy (audit.k8s.io/v1) of what is logged; every request, without bodies, where not "
          "given");
  constexpr int kMost = 1 << 20;
  AddCount(command, "--audit-log-maxsize", settings.server.audit_max_megabytes, 0, kMost,
           "Megabytes of the audit log before it is put aside and begun anew; 0: it grows");
  AddCount(command, "--audit-log-maxbackup", settings.server.audit_max_backups, 0, kMost,
           "Most audit logs put aside that are kept; 0: all");
  AddCount(command, "--audit-log-maxage", settings.server.audit_max_days, 0, 36500,
           "Days that audit logs put aside are kept; 0: for ever");
  kvshim::command::DeclareLogFlags(command, settings.log);
  AddFile(command, "--ready-file", settings.ready_file,
          "File to write {pid, url, kubeconfig} to as JSON once serving");
}

absl::Status Complete(ServerSettings& settings) {
  server::ServerOptions& server = settings.server;
  if (server.data_dir.empty()) return absl::InvalidArgumentError("--data-dir: needs a path");
  RETURN_IF_ERROR(CheckDatastore(settings));
  ASSIGN_OR_RETURN(server.settings, cluster::Complete(server.settings));
  if (settings.datastore_endpoint.empty()) {
    settings.datastore_endpoint = Concat("sqlite://", server.data_dir, "/server/db/state.db");
  }
  server.alone = settings.datastore_endpoint.starts_with("sqlite://");
  settings.store.state_directory = Concat(server.data_dir, "/server/db");
  if (settings.token_file.empty()) return absl::OkStatus();
  if (!server.token.empty()) {
    return absl::InvalidArgumentError("--token and --token-file exclude each other: give one");
  }
  const absl::StatusOr<std::string> token = kvshim::base::ReadFile(settings.token_file);
  if (!token.ok()) {
    return absl::InvalidArgumentError(
        Concat("--token-file: ", std::string(token.status().message())));
  }
  server.token = *token;
  return absl::OkStatus();
}

}  // namespace kvplane::cli
