#include "server_process.h"

#include <boost/json.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "port.h"

namespace kvshim::bench {
namespace {

constexpr std::chrono::seconds kStartTimeout{60};
constexpr std::chrono::milliseconds kPoll{2};

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const ServerSettings& settings, const std::filesystem::path& folder) {
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  switch (settings.product) {
    case Product::kKvshim:
      RETURN_IF_ERROR(server->LaunchKvshim(settings, folder));
      break;
    case Product::kEtcd:
      RETURN_IF_ERROR(server->LaunchEtcd(settings, folder));
      break;
    case Product::kKine:
      RETURN_IF_ERROR(server->LaunchKine(settings, folder));
  }
  return server;
}

absl::Status ServerProcess::LaunchKvshim(const ServerSettings& settings,
                                         const std::filesystem::path& folder) {
  const std::filesystem::path ready = folder / "ready.json";
  std::error_code ignored;
  std::filesystem::remove(ready, ignored);
  Command command{
      {settings.program, "serve", "--listen-address", "127.0.0.1:0", "--metrics-bind-address", "0",
       "--endpoint",
       settings.dsn.empty() ? "sqlite://" + (folder / "state.db").string() : settings.dsn,
       "--log-level", "warn", "--quota-backend-bytes", "8GiB", "--ready-file", ready.string()},
      folder};
  command.words.insert(command.words.end(), settings.flags.begin(), settings.flags.end());
  ASSIGN_OR_RETURN(process_, Process::Start(command));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!std::filesystem::exists(ready)) {
    if (process_->HasEnded()) return process_->Failure("ended at its start");
    if (std::chrono::steady_clock::now() > deadline) return process_->Failure("is not ready");
    std::this_thread::sleep_for(kPoll);
  }
  boost::json::error_code error;
  const boost::json::value said = boost::json::parse(base::ReadFile(ready).value_or(""), error);
  const boost::json::value* url = error ? nullptr : said.find_pointer("/client_urls/0", error);
  if (url == nullptr || !url->is_string()) return process_->Failure("its ready file has no URL");
  const std::string text(url->get_string());
  target_ = text.substr(text.find("://") + 3);
  return absl::OkStatus();
}

absl::Status ServerProcess::LaunchEtcd(const ServerSettings& settings,
                                       const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const int client_port, FreePort());
  ASSIGN_OR_RETURN(const int peer_port, FreePort());
  target_ = base::Concat("127.0.0.1:", client_port);
  const std::string client_url = "http://" + target_;
  const std::string peer_url = base::Concat("http://127.0.0.1:", peer_port);
  ASSIGN_OR_RETURN(
      process_,
      Process::Start(
          {{settings.program, "--data-dir", (folder / "data").string(), "--listen-client-urls",
            client_url, "--advertise-client-urls", client_url, "--listen-peer-urls", peer_url,
            "--initial-advertise-peer-urls", peer_url, "--initial-cluster", "default=" + peer_url,
            "--quota-backend-bytes", "8589934592", "--log-level", "warn"},
           folder}));
  return AwaitPort(client_port);  // it listens once it has elected itself
}

absl::Status ServerProcess::LaunchKine(const ServerSettings& settings,
                                       const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const int port, FreePort());
  target_ = base::Concat("127.0.0.1:", port);
  Command command{{settings.program, "--listen-address", target_, "--metrics-bind-address", "0"},
                  folder};
  // Without an endpoint it is SQLite in ./db, with the parameters that kine gives it.
  if (!settings.dsn.empty()) {
    command.words.insert(command.words.end(), {"--endpoint", settings.dsn});
  }
  if (settings.kine_connections > 0) {
    const std::string count = std::to_string(settings.kine_connections);
    command.words.insert(command.words.end(), {"--datastore-max-open-connections", count,
                                               "--datastore-max-idle-connections", count});
  }
  ASSIGN_OR_RETURN(process_, Process::Start(command));
  return AwaitPort(port);  // it listens once its tables are there
}

absl::Status ServerProcess::AwaitPort(int port) {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!Listens(port)) {
    if (process_->HasEnded()) return process_->Failure("ended at its start");
    if (std::chrono::steady_clock::now() > deadline) return process_->Failure("is not ready");
    std::this_thread::sleep_for(kPoll);
  }
  return absl::OkStatus();
}

}  // namespace kvshim::bench
