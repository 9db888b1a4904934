#include "server_settings.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "cluster/private_file.h"

namespace kvplane::cli {
namespace {

using kvshim::base::Concat;

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
  command.add_option("--token-file", settings.token_file, "File that holds the token")
      ->type_name("FILE");
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
  command
      .add_option("--write-kubeconfig", server.kubeconfig,
                  "Where to write the administrator's kubeconfig; kubeconfig.yaml in the data "
                  "directory where not given")
      ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "--write-kubeconfig-mode",
          [&server](const std::string& text) {
            const bool octal = !text.empty() && text.size() <= 4 &&
                               text.find_first_not_of("01234567") == std::string::npos;
            if (!octal) {
              throw CLI::ValidationError("--write-kubeconfig-mode",
                                         Concat("'", text, "' is no mode; give one such as 0600"));
            }
            server.kubeconfig_mode = static_cast<mode_t>(std::stoul(text, nullptr, 8));
          },
          "Mode of that file")
      ->type_name("MODE")
      ->default_str("0600");
}

void DeclareDatastore(CLI::App& command, ServerSettings& settings) {
  kvshim::StoreOptions& store = settings.store;
  command.add_option("--data-dir", settings.server.data_dir, "Folder of this server's own files")
      ->type_name("PATH")
      ->capture_default_str();
  command
      .add_option("--datastore-endpoint", settings.datastore_endpoint,
                  "The database: sqlite://PATH, postgres://USER:PASSWORD@HOST:PORT/DATABASE or "
                  "mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE; all servers that name the same "
                  "are one cluster; SQLite in the data directory where not given")
      ->type_name("DSN");
  command
      .add_option("--datastore-cafile", store.database_ca_file,
                  "PEM authority that must have signed the database server's certificate")
      ->type_name("FILE");
  command
      .add_option("--datastore-certfile", store.database_cert_file,
                  "PEM certificate to show to the database server")
      ->type_name("FILE");
  command
      .add_option("--datastore-keyfile", store.database_key_file,
                  "PEM private key of --datastore-certfile")
      ->type_name("FILE");
}

void DeclareLimits(CLI::App& command, ServerSettings& settings) {
  server::ServerOptions& server = settings.server;
  const auto count = [&command](const std::string& name, auto& target, const std::string& what) {
    command.add_option(name, target, what)
        ->type_name("COUNT")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30).description(""));
  };
  count("--max-requests-inflight", server.inflight.reading, "Most requests that only read at once");
  count("--max-mutating-requests-inflight", server.inflight.changing,
        "Most requests that change something at once");
  count("--max-connections", server.limits.max_connections, "Most connections at once");
  count("--max-body-bytes", server.limits.body_bytes, "Most bytes of a request's body");
}

absl::Status CheckDatastore(const ServerSettings& settings) {
  const std::string& endpoint = settings.datastore_endpoint;
  if (endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
    return absl::InvalidArgumentError(
        "--datastore-endpoint: an external etcd is not supported yet; name a database: "
        "sqlite://PATH, postgres://… or mysql://…");
  }
  if (!endpoint.empty() && endpoint.find("://") == std::string::npos) {
    return absl::InvalidArgumentError(
        Concat("--datastore-endpoint: '", endpoint,
               "' names no kind of database; give sqlite://PATH, postgres://… or mysql://…"));
  }
  const kvshim::StoreOptions& store = settings.store;
  if (store.database_cert_file.empty() != store.database_key_file.empty()) {
    return absl::InvalidArgumentError(
        "--datastore-certfile and --datastore-keyfile belong together: give both or none");
  }
  for (const auto& [flag, path] : {std::pair{"--datastore-cafile", store.database_ca_file},
                                   std::pair{"--datastore-certfile", store.database_cert_file},
                                   std::pair{"--datastore-keyfile", store.database_key_file}}) {
    if (!path.empty() && access(path.c_str(), R_OK) != 0) {
      return absl::InvalidArgumentError(Concat(std::string_view(flag), ": cannot read ", path,
                                               "; does it exist, with leave to read it?"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string DefaultDataDirectory() {
  if (geteuid() == 0) return "/var/lib/kvplane";
  const char* home = std::getenv("HOME");
  return Concat(std::string_view(home == nullptr ? "." : home), "/.kvplane");
}

void DeclareServerFlags(CLI::App& command, ServerSettings& settings) {
  settings.server.data_dir = DefaultDataDirectory();
  settings.store.compaction_mode = kvshim::CompactionMode::kPeriodic;
  settings.store.auto_compaction_retention = kHistory;
  command.add_option("--config-file", "File of these settings, as YAML of names and values")
      ->type_name("PATH");
  command.option_defaults()->group("Cluster");
  DeclareCluster(command, settings);
  command.option_defaults()->group("Listener");
  DeclareListener(command, settings);
  command.option_defaults()->group("Datastore");
  DeclareDatastore(command, settings);
  command.option_defaults()->group("Limits");
  DeclareLimits(command, settings);
  command.option_defaults()->group("Logs");
  command
      .add_option("--audit-log-path", settings.server.audit_log,
                  "File to write a line of JSON to for each request; - for standard output")
      ->type_name("FILE");
  command.add_option("--log-format", settings.log_format, "text or json")
      ->capture_default_str()
      ->type_name("WORD")
      ->check(CLI::IsMember({"text", "json"}).description(""));
  command.add_option("--log-level", settings.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->type_name("WORD")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}).description(""));
  command
      .add_option("--ready-file", settings.ready_file,
                  "File to write {pid, url, kubeconfig} to as JSON once serving")
      ->type_name("FILE");
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
  const absl::StatusOr<std::string> token = cluster::ReadPrivateFile(settings.token_file);
  if (!token.ok()) {
    return absl::InvalidArgumentError(
        Concat("--token-file: ", std::string(token.status().message())));
  }
  server.token = *token;
  return absl::OkStatus();
}

}  // namespace kvplane::cli
