#include "settings.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"
#include "command/flags.h"
#include "kvshim/version.h"

namespace kvshim::cli {
namespace {

using command::AddCount;
using command::AddDuration;
using command::AddFile;
using command::AddParsed;
using command::AddSize;

std::vector<std::string> Texts(const std::vector<std::string_view>& pieces) {
  return {pieces.begin(), pieces.end()};
}

void DeclareListener(CLI::App& command, ServeSettings& settings) {
  ServerOptions& server = settings.server;
  AddParsed(command, "--listen-address", "ADDRESS,...", "0.0.0.0:2379",
            "Where to serve etcd's API: host:port (port 0: any free one) or unix://PATH",
            [&server](const std::string& text) -> absl::Status {
              server.listen_addresses = Texts(base::SplitList(text, ','));
              if (!server.listen_addresses.empty()) return absl::OkStatus();
              return absl::InvalidArgumentError("needs at least one address");
            });
  AddParsed(command, "--advertise-client-urls", "URL,...", "",
            "URLs that clients are told by MemberList; the listen addresses where not given",
            [&server](const std::string& text) {
              server.advertise_client_urls = Texts(base::SplitList(text, ','));
              return absl::OkStatus();
            });
  AddFile(command, "--server-cert-file", server.server_cert_file,
          "PEM certificate of the listener; turns TLS on; read again when it changes");
  AddFile(command, "--server-key-file", server.server_key_file, "PEM private key of the listener");
  AddFile(command, "--trusted-ca-file", server.trusted_ca_file,
          "PEM authority that must have signed the clients' certificates");
  AddParsed(command, "--metrics-bind-address", "ADDRESS", ":8080",
            "Plain HTTP with /metrics, /health, /livez, /readyz and /version; 0: none",
            [&server](const std::string& text) {
              server.metrics_address = text == "0" ? "" : text;
              return absl::OkStatus();
            });
  command
      .add_option("--emulated-etcd-version", server.etcd_version,
                  "The etcd release clients are told")
      ->type_name("VERSION")
      ->capture_default_str();
  AddCount(command, "--max-concurrent-streams", server.max_concurrent_streams, 1, 1 << 30,
           "Most calls and streams one connection may have open");
  AddCount(command, "--max-concurrent-calls", server.max_concurrent_calls, 1, 1 << 30,
           "Most calls and streams under way over all connections");
  AddCount(command, "--completion-threads", server.threads, 0, 256,
           "Threads that serve gRPC calls; 0: one per two cores");
}

void DeclareDatabase(CLI::App& command, ServeSettings& settings) {
  StoreOptions& store = settings.store;
  command
      .add_option("--endpoint", settings.endpoint,
                  "The database: sqlite://PATH, postgres://USER:PASSWORD@HOST:PORT/DATABASE or "
                  "mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE; for the latter two any number "
                  "of servers may name one")
      ->type_name("DSN")
      ->capture_default_str();
  AddFile(command, "--ca-file", store.database_ca_file,
          "PEM authority that must have signed the database server's certificate");
  AddFile(command, "--cert-file", store.database_cert_file,
          "PEM certificate to show to the database server");
  AddFile(command, "--key-file", store.database_key_file, "PEM private key of --cert-file");
  command.add_flag("--skip-verify", store.database_skip_verify,
                   "Encrypt, but take any certificate of the database server");
  AddDuration(command, "--datastore-timeout", store.database_timeout, "5s",
              "How long one statement or connection may take before it counts as lost");
  command
      .add_option(
          "--state-dir", store.state_directory,
          "Folder in which this server keeps how far the database's history went, to notice "
          "when it has lost commits; empty: none")
      ->type_name("PATH")
      ->capture_default_str();
  AddParsed(command, "--on-lost-history", "halt|bump", "halt",
            "Where the database has lost commits (failover to a lagging replica, old backup): "
            "halt, or begin another history above all revisions seen",
            [&store](const std::string& text) -> absl::Status {
              if (text != "halt" && text != "bump") {
                return absl::InvalidArgumentError("must be halt or bump");
              }
              store.on_lost_history = text == "bump" ? LostHistory::kBump : LostHistory::kHalt;
              return absl::OkStatus();
            });
  AddCount(command, "--datastore-max-open-connections", store.database_connections, 2, 1000,
           "Connections for reading beside the one that writes and the one that listens");
}

void DeclareStore(CLI::App& command, ServeSettings& settings) {
  StoreOptions& store = settings.store;
  command.add_option("--name", store.name, "This server's name; the host's where not given")
      ->type_name("NAME");
  AddParsed(command, "--memory-budget", "SIZE", "auto",
            "Values kept in memory, others are read from the database; auto: 128 bytes a key, from "
            "8MiB to 256MiB",
            [&store](const std::string& text) -> absl::Status {
              store.memory_budget.reset();
              if (text == "auto") return absl::OkStatus();
              auto parsed = command::ParseSize(text);
              if (!parsed.ok()) return parsed.status();
              store.memory_budget = static_cast<size_t>(*parsed);
              return absl::OkStatus();
            });
  AddSize(command, "--quota-backend-bytes", store.quota_bytes, "",
          "Database size at which puts are refused with a NOSPACE alarm; 0: none; not given: 2GiB "
          "for SQLite, none for a database server");
  AddCount(command, "--max-txn-ops", store.max_txn_ops, 1, 1 << 20,
           "Most operations of one transaction");
  AddParsed(command, "--max-request-bytes", "SIZE", "1.5MiB", "Most bytes of one request",
            [&settings](const std::string& text) -> absl::Status {
              auto parsed = command::ParseSize(text);
              if (!parsed.ok()) return parsed.status();
              if (*parsed < 1024 || *parsed > (int64_t{512} << 20)) {
                return absl::InvalidArgumentError("must lie between 1KiB and 512MiB");
              }
              settings.store.max_request_bytes = static_cast<size_t>(*parsed);
              settings.server.max_request_bytes = static_cast<size_t>(*parsed);
              return absl::OkStatus();
            });
  AddDuration(command, "--request-timeout", store.request_timeout, "7s",
              "How long a write may wait for its commit");
  AddDuration(command, "--watch-progress-notify-interval", store.watch_progress_interval, "5s",
              "How often an idle watch that asked for it hears of progress");
  AddSize(command, "--watch-stream-buffer", store.watch_stream_buffer, "4MiB",
          "Bytes that may wait for a slow watch stream before it is fed from history");
  AddParsed(command, "--auto-compaction-mode", "off|periodic|revision", "periodic",
            "How --auto-compaction-retention counts",
            [&store](const std::string& text) -> absl::Status {
              if (text == "off") {
                store.compaction_mode = CompactionMode::kOff;
              } else if (text == "periodic") {
                store.compaction_mode = CompactionMode::kPeriodic;
              } else if (text == "revision") {
                store.compaction_mode = CompactionMode::kRevision;
              } else {
                return absl::InvalidArgumentError("must be off, periodic or revision");
              }
              return absl::OkStatus();
            });
  AddParsed(
      command, "--auto-compaction-retention", "DURATION|COUNT", "0",
      "periodic: the time whose revisions are kept (a plain number: hours); revision: how "
      "many are kept; 0: no automatic compaction",
      [&store](const std::string& text) -> absl::Status {
        const bool plain =
            !text.empty() && text.size() < 18 &&
            std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
        if (plain) {
          store.auto_compaction_revisions = std::stoll(text);
          store.auto_compaction_retention = std::chrono::hours(std::stoll(text));
          return absl::OkStatus();
        }
        auto parsed = command::ParseDuration(text);
        if (!parsed.ok()) return parsed.status();
        store.auto_compaction_revisions = -1;  // no count was given
        store.auto_compaction_retention = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
        return absl::OkStatus();
      });
  AddCount(command, "--compact-batch-size", store.compaction_batch_rows, 1, 1000,
           "Rows deleted by one step of compaction");
}

}  // namespace

void DeclareServeFlags(CLI::App& command, ServeSettings& settings) {
  settings.server.listen_addresses = {"0.0.0.0:2379"};
  settings.server.metrics_address = ":8080";
  settings.server.etcd_version = std::string(kEmulatedEtcdVersion);
  settings.store.watch_progress_interval = std::chrono::seconds(5);
  settings.store.compaction_mode = CompactionMode::kPeriodic;
  settings.store.state_directory = "./db";
  command.option_defaults()->group("Listener");
  DeclareListener(command, settings);
  command.option_defaults()->group("Database");
  DeclareDatabase(command, settings);
  command.option_defaults()->group("Store");
  DeclareStore(command, settings);
  command.option_defaults()->group("Logs");
  command::DeclareLogFlags(command, settings.log);
  AddFile(command, "--ready-file", settings.ready_file,
          "File to write {pid, client_urls, metrics_url} to as JSON once serving");
}

absl::Status Validate(const ServeSettings& settings) {
  const ServerOptions& server = settings.server;
  if (server.server_cert_file.empty() != server.server_key_file.empty()) {
    return absl::InvalidArgumentError(
        "--server-cert-file and --server-key-file belong together: give both or none");
  }
  if (!server.trusted_ca_file.empty() && server.server_cert_file.empty()) {
    return absl::InvalidArgumentError(
        "--trusted-ca-file needs TLS: give --server-cert-file and --server-key-file too");
  }
  if (settings.store.compaction_mode == CompactionMode::kRevision &&
      settings.store.auto_compaction_revisions < 0) {
    return absl::InvalidArgumentError(
        "--auto-compaction-retention must be a count of revisions where --auto-compaction-mode is "
        "revision");
  }
  const StoreOptions& store = settings.store;
  RETURN_IF_ERROR(command::CheckTlsFiles({"--ca-file", store.database_ca_file},
                                         {"--cert-file", store.database_cert_file},
                                         {"--key-file", store.database_key_file}));
  if (store.database_timeout < std::chrono::milliseconds(100)) {
    return absl::InvalidArgumentError("--datastore-timeout must be at least 100ms");
  }
  if (settings.store.request_timeout.count() <= 0) {
    return absl::InvalidArgumentError("--request-timeout must be longer than 0");
  }
  return absl::OkStatus();
}

}  // namespace kvshim::cli
