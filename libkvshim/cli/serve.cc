#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/synchronization/mutex.h"
#include "base/logger.h"
#include "base/strings.h"
#include "kvshim/server.h"
#include "kvshim/store.h"
#include "kvshim/version.h"
#include "startup_pages.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

// How long a database server may be away when kvshim starts.
constexpr std::chrono::minutes kStartPatience{5};
// What calls under way may take to finish after SIGTERM.
constexpr std::chrono::seconds kGrace{5};
// When the process ends, stopped or not. What was answered is in the database; nothing is lost.
constexpr unsigned kLastMoment = 15;  // seconds

int Fail(const std::string& what, const absl::Status& status) {
  base::Log(base::Level::kError, what, {{"error", std::string(status.message())}});
  return 1;
}

// Written aside and renamed, so that who waits for it never sees half of it.
absl::Status WriteReadyFile(const std::string& path, const Server& server) {
  boost::json::array urls;
  for (const std::string& url : server.client_urls()) urls.emplace_back(url);
  const boost::json::object ready{{"pid", static_cast<int64_t>(getpid())},
                                  {"client_urls", urls},
                                  {"metrics_url", server.metrics_url()}};
  const std::string aside = path + ".new";
  std::ofstream file(aside);
  file << boost::json::serialize(ready) << '\n';
  file.close();
  if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
    return absl::InvalidArgumentError(
        base::Concat("--ready-file: cannot write ", path, "; does its folder exist?"));
  }
  return absl::OkStatus();
}

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
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
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const ServeSettings& settings,
                                                 const sigset_t& stop_signals) {
  const auto give_up = std::chrono::steady_clock::now() + kStartPatience;
  while (true) {
    auto store = Store::Open(settings.endpoint, settings.store);
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

int Serve(const ServeSettings& settings) {
  base::SetLogFormat(settings.log_format == "json" ? base::LogFormat::kJson
                                                   : base::LogFormat::kText);
  base::SetLogLevel(*base::ParseLevel(settings.log_level));
  if (absl::Status status = Validate(settings); !status.ok()) {
    Fail("wrong settings", status);
    return 2;
  }
  // Debian's abseil looks for lock cycles, also in gRPC: a twentieth of a busy server's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  signal(SIGPIPE, SIG_IGN);
  const sigset_t stop_signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  base::Log(base::Level::kInfo, "kvshim starts",
            {{"version", kVersion}, {"etcd", settings.server.etcd_version}, {"pid", getpid()}});

  auto store = OpenStore(settings, stop_signals);
  if (!store.ok()) return Fail("cannot open the database", store.status());
  auto server = Server::Start(**store, settings.server);
  if (!server.ok()) return Fail("cannot serve", server.status());
  base::Log(base::Level::kInfo, "serving etcd's API",
            {{"clients", Join((*server)->client_urls())}, {"metrics", (*server)->metrics_url()}});
  if (!settings.ready_file.empty()) {
    if (absl::Status status = WriteReadyFile(settings.ready_file, **server); !status.ok()) {
      return Fail("cannot tell that it serves", status);
    }
  }

  ForgetStartupPages();
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

}  // namespace kvshim::cli
