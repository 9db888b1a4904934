#include "server/server.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "api/json.h"
#include "apiserver/version.h"
#include "base/logger.h"
#include "base/strings.h"
#include "cluster/private_file.h"
#include "kvshim/store.h"
#include "server/version.h"
#include "subcommands.h"

namespace kvplane::cli {
namespace {

namespace base = kvshim::base;

// How long a database server may be away when kvplane starts.
constexpr std::chrono::minutes kStartPatience{5};
// What answers under way may take to finish after SIGTERM.
constexpr std::chrono::seconds kGrace{5};
// When the process ends, stopped or not. What was answered is in the database; nothing is lost.
constexpr unsigned kLastMoment = 15;  // seconds

int Fail(std::string_view what, const absl::Status& status) {
  base::Log(base::Level::kError, what, {{"error", std::string(status.message())}});
  return 1;
}

absl::Status WriteReadyFile(const std::string& path, const server::Server& server) {
  const api::json::Object ready{{"pid", static_cast<int64_t>(getpid())},
                                {"url", server.url().c_str()},
                                {"kubeconfig", server.kubeconfig().c_str()}};
  const absl::Status written = cluster::WritePrivateFile(path, api::ToJson(ready) + "\n", 0644);
  if (written.ok()) return written;
  return absl::InvalidArgumentError(base::Concat("--ready-file: ", std::string(written.message())));
}

// Signals that end the server. They are blocked before any thread starts, and waited for here.
sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void EndAtOnce(int /*signal*/) { _exit(1); }

// A database server that is not there yet, or starting, is waited for; everything else that can be
// wrong is told at once.
absl::StatusOr<std::unique_ptr<kvshim::Store>> OpenStore(const ServerSettings& settings,
                                                         const sigset_t& stop_signals) {
  std::error_code ignored;  // the store says what it cannot open
  std::filesystem::create_directories(settings.store.state_directory, ignored);
  // What is in there is nobody else's to read, the database of SQLite least of all.
  std::filesystem::permissions(settings.server.data_dir + "/server",
                               std::filesystem::perms::owner_all, ignored);
  const auto give_up = std::chrono::steady_clock::now() + kStartPatience;
  while (true) {
    auto store = kvshim::Store::Open(settings.datastore_endpoint, settings.store);
    if (store.status().code() != absl::StatusCode::kUnavailable ||
        std::chrono::steady_clock::now() >= give_up) {
      return store;
    }
    base::Log(base::Level::kWarning, "waiting for the database", {{"error", store.status()}});
    const timespec pause{.tv_sec = 2, .tv_nsec = 0};
    if (sigtimedwait(&stop_signals, nullptr, &pause) > 0) return store;
  }
}

}  // namespace

int Server(const ServerSettings& settings) {
  base::SetLogFormat(settings.log_format == "json" ? base::LogFormat::kJson
                                                   : base::LogFormat::kText);
  base::SetLogLevel(*base::ParseLevel(settings.log_level));
  signal(SIGPIPE, SIG_IGN);
  const sigset_t stop_signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  base::Log(
      base::Level::kInfo, "kvplane starts",
      {{"version", server::kVersion}, {"kubernetes", apiserver::kGitVersion}, {"pid", getpid()}});

  auto store = OpenStore(settings, stop_signals);
  if (!store.ok()) return Fail("cannot open the datastore", store.status());
  auto server = server::Server::Start(**store, settings.server);
  if (!server.ok()) return Fail("cannot serve", server.status());
  base::Log(base::Level::kInfo, "serving Kubernetes' API",
            {{"url", (*server)->url()}, {"kubeconfig", (*server)->kubeconfig()}});
  if (!settings.ready_file.empty()) {
    if (absl::Status status = WriteReadyFile(settings.ready_file, **server); !status.ok()) {
      return Fail("cannot tell that it serves", status);
    }
  }

  int received = 0;
  sigwait(&stop_signals, &received);
  base::Log(base::Level::kInfo, "stopping", {{"signal", strsignal(received)}});
  // A second signal does not wait.
  for (const int number : {SIGTERM, SIGINT, SIGALRM}) signal(number, EndAtOnce);
  alarm(kLastMoment);
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  (*server)->Drain(kGrace);
  server->reset();
  store->reset();
  base::Log(base::Level::kInfo, "stopped");
  return 0;
}

}  // namespace kvplane::cli
