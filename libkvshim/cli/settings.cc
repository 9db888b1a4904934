#include "settings.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <string_view>

#include "base/strings.h"
#include "kvshim/version.h"
#include "quantity.h"

namespace kvshim::cli {
namespace {

constexpr std::string_view kPrefix = "KVSHIM_";

// A flag whose text `parse` turns into a value; its error becomes the command line's.
template <typename Parse>
CLI::Option* AddParsed(CLI::App& command, const std::string& name, const std::string& type,
                       const std::string& default_text, const std::string& description,
                       Parse parse) {
  return command
      .add_option_function<std::string>(
          name,
          [name, parse](const std::string& text) {
            if (absl::Status status = parse(text); !status.ok()) {
              throw CLI::ValidationError(name, std::string(status.message()));
            }
          },
          description)
      ->type_name(type)
      ->default_str(default_text);
}

template <typename Duration>
CLI::Option* AddDuration(CLI::App& command, const std::string& name, Duration& target,
                         const std::string& default_text, const std::string& description) {
  return AddParsed(command, name, "DURATION", default_text, description,
                   [&target](const std::string& text) -> absl::Status {
                     auto parsed = ParseDuration(text);
                     if (parsed.ok()) target = std::chrono::duration_cast<Duration>(*parsed);
                     return parsed.status();
                   });
}

template <typename Size>
CLI::Option* AddSize(CLI::App& command, const std::string& name, Size& target,
                     const std::string& default_text, const std::string& description) {
  return AddParsed(command, name, "SIZE", default_text, description,
                   [&target](const std::string& text) -> absl::Status {
                     auto parsed = ParseSize(text);
                     if (parsed.ok()) target = static_cast<Size>(*parsed);
                     return parsed.status();
                   });
}

std::vector<std::string> SplitCommas(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = text.find(',', begin);
    if (end == std::string::npos) end = text.size();
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void DeclareListener(CLI::App& command, ServeSettings& settings) {
  ServerOptions& server = settings.server;
  AddParsed(command, "--listen-address", "ADDRESS,...", "0.0.0.0:2379",
            "Where to serve etcd's API: host:port (port 0: any free one) or unix://PATH",
            [&server](const std::string& text) -> absl::Status {
              server.listen_addresses = SplitCommas(text);
              if (!server.listen_addresses.empty()) return absl::OkStatus();
              return absl::InvalidArgumentError("needs at least one address");
            });
  AddParsed(command, "--advertise-client-urls", "URL,...", "",
            "URLs that clients are told by MemberList; the listen addresses where not given",
            [&server](const std::string& text) {
              server.advertise_client_urls = SplitCommas(text);
              return absl::OkStatus();
            });
  command
      .add_option("--server-cert-file", server.server_cert_file,
                  "PEM certificate of the listener; turns TLS on; read again when it changes")
      ->type_name("FILE");
  command
      .add_option("--server-key-file", server.server_key_file, "PEM private key of the listener")
      ->type_name("FILE");
  command
      .add_option("--trusted-ca-file", server.trusted_ca_file,
                  "PEM authority that must have signed the clients' certificates")
      ->type_name("FILE");
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
  command
      .add_option("--max-concurrent-streams", server.max_concurrent_streams,
                  "Most calls and streams one connection may have open")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1 << 30).description(""));
  command
      .add_option("--max-concurrent-calls", server.max_concurrent_calls,
                  "Most calls and streams under way over all connections")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1 << 30).description(""));
  command
      .add_option("--completion-threads", server.threads,
                  "Threads that serve gRPC calls; 0: one per two cores")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(0, 256).description(""));
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
  command
      .add_option("--ca-file", store.database_ca_file,
                  "PEM authority that must have signed the database server's certificate")
      ->type_name("FILE");
  command
      .add_option("--cert-file", store.database_cert_file,
                  "PEM certificate to show to the database server")
      ->type_name("FILE");
  command.add_option("--key-file", store.database_key_file, "PEM private key of --cert-file")
      ->type_name("FILE");
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
  command
      .add_option("--datastore-max-open-connections", store.database_connections,
                  "Connections for reading beside the one that writes and the one that listens")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(2, 1000).description(""));
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
              auto parsed = ParseSize(text);
              if (!parsed.ok()) return parsed.status();
              store.memory_budget = static_cast<size_t>(*parsed);
              return absl::OkStatus();
            });
  AddSize(command, "--quota-backend-bytes", store.quota_bytes, "",
          "Database size at which puts are refused with a NOSPACE alarm; 0: none; not given: 2GiB "
          "for SQLite, none for a database server");
  command.add_option("--max-txn-ops", store.max_txn_ops, "Most operations of one transaction")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1 << 20).description(""));
  AddParsed(command, "--max-request-bytes", "SIZE", "1.5MiB", "Most bytes of one request",
            [&settings](const std::string& text) -> absl::Status {
              auto parsed = ParseSize(text);
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
        auto parsed = ParseDuration(text);
        if (!parsed.ok()) return parsed.status();
        store.auto_compaction_revisions = -1;  // no count was given
        store.auto_compaction_retention = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
        return absl::OkStatus();
      });
  command
      .add_option("--compact-batch-size", store.compaction_batch_rows,
                  "Rows deleted by one step of compaction")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1000).description(""));
}

}  // namespace

void DeclareServeFlags(CLI::App& command, ServeSettings& settings) {
  settings.server.listen_addresses = {"0.0.0.0:2379"};
  settings.server.metrics_address = ":8080";
  settings.server.etcd_version = std::string(kEmulatedEtcdVersion);
  settings.store.watch_progress_interval = std::chrono::seconds(5);
  settings.store.compaction_mode = CompactionMode::kPeriodic;
  settings.store.state_directory = "./db";
  command.add_option("--config-file", "File of these settings, as lines name = value")
      ->type_name("PATH");
  command.option_defaults()->group("Listener");
  DeclareListener(command, settings);
  command.option_defaults()->group("Database");
  DeclareDatabase(command, settings);
  command.option_defaults()->group("Store");
  DeclareStore(command, settings);
  command.option_defaults()->group("Logs");
  command.add_option("--log-format", settings.log_format, "text or json (plain is text)")
      ->capture_default_str()
      ->type_name("WORD")
      ->check(CLI::IsMember({"text", "plain", "json"}).description(""));
  command.add_option("--log-level", settings.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->type_name("WORD")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}).description(""));
  command.add_flag_callback(
      "--debug", [&settings] { settings.log_level = "debug"; }, "The same as --log-level debug");
  command
      .add_option("--ready-file", settings.ready_file,
                  "File to write {pid, client_urls, metrics_url} to as JSON once serving")
      ->type_name("FILE");
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
  if (store.database_cert_file.empty() != store.database_key_file.empty()) {
    return absl::InvalidArgumentError(
        "--cert-file and --key-file belong together: give both or none");
  }
  for (const auto& [flag, path] : {std::pair{"--ca-file", store.database_ca_file},
                                   std::pair{"--cert-file", store.database_cert_file},
                                   std::pair{"--key-file", store.database_key_file}}) {
    if (!path.empty() && access(path.c_str(), R_OK) != 0) {
      return absl::InvalidArgumentError(
          base::Concat(flag, ": cannot read ", path, "; does it exist, with leave to read it?"));
    }
  }
  if (store.database_timeout < std::chrono::milliseconds(100)) {
    return absl::InvalidArgumentError("--datastore-timeout must be at least 100ms");
  }
  if (settings.store.request_timeout.count() <= 0) {
    return absl::InvalidArgumentError("--request-timeout must be longer than 0");
  }
  return absl::OkStatus();
}

namespace {

bool IsGiven(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == flag || argument.starts_with(flag + "=");
  });
}

// A flag that is on where it is given, without a value.
bool IsSwitch(const CLI::App& command, const std::string& flag) {
  return command.get_option_no_throw(flag)->get_type_size() == 0;
}

// The value of a flag among the arguments; the last one counts.
std::string ValueOf(const std::vector<std::string>& arguments, const std::string& flag) {
  std::string value;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(flag + "=")) value = arguments[i].substr(flag.size() + 1);
    if (arguments[i] == flag && i + 1 < arguments.size()) value = arguments[i + 1];
  }
  return value;
}

}  // namespace

absl::Status AddConfigFile(const CLI::App& command, std::vector<std::string>& arguments) {
  const std::string path = ValueOf(arguments, "--config-file");
  if (path.empty()) return absl::OkStatus();
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(path);
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(base::Concat("--config-file: ", path, ": ", error.what()));
  }
  const std::vector<std::string> before = arguments;
  for (const CLI::ConfigItem& item : items) {
    const std::string flag = "--" + item.fullname();
    if (command.get_option_no_throw(flag) == nullptr || flag == "--config-file") {
      return absl::InvalidArgumentError(base::Concat("--config-file: ", path, ": ", item.fullname(),
                                                     " is no setting; see kvshim serve --help"));
    }
    if (IsGiven(before, flag)) continue;
    std::string value;
    for (const std::string& input : item.inputs) value += (value.empty() ? "" : ",") + input;
    if (IsSwitch(command, flag)) {
      if (value == "1" || value == "true") arguments.push_back(flag);
    } else {
      arguments.push_back(base::Concat(flag, "=", value));
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> AddEnvironment(const CLI::App& command,
                                        std::vector<std::string>& arguments) {
  std::vector<std::string> unknown;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const size_t equals = variable.find('=');
    if (equals == std::string_view::npos || !variable.starts_with(kPrefix)) continue;
    std::string flag = "--";
    for (const char c : variable.substr(kPrefix.size(), equals - kPrefix.size())) {
      flag += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    if (command.get_option_no_throw(flag) == nullptr) {
      unknown.emplace_back(variable.substr(0, equals));
      continue;
    }
    const std::string value(variable.substr(equals + 1));
    if (IsGiven(arguments, flag) || value.empty()) continue;
    if (IsSwitch(command, flag)) {
      if (value == "1" || value == "true") arguments.push_back(flag);
    } else {
      arguments.push_back(flag + "=" + value);
    }
  }
  return unknown;
}

}  // namespace kvshim::cli
