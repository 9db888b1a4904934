#include "command/process.h"

#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/logger.h"
#include "base/strings.h"
#include "command/startup_pages.h"

namespace kvshim::command {
namespace {

// When the process ends after a signal, stopped or not.
constexpr unsigned kLastMoment = 15;  // seconds
constexpr timespec kPause{.tv_sec = 2, .tv_nsec = 0};

void EndAtOnce(int /*signal*/) { _exit(1); }

}  // namespace

Process::Process() {
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&stop_signals_);
  sigaddset(&stop_signals_, SIGTERM);
  sigaddset(&stop_signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals_, nullptr);
}

bool Process::Pause(const absl::Status& why) {
  base::Log(base::Level::kWarning, "waiting for the database", {{"error", why}});
  return sigtimedwait(&stop_signals_, nullptr, &kPause) < 0;
}

absl::Status Process::TellReady(const std::string& path, std::string_view json) {
  if (!path.empty()) {
    const std::string aside = path + ".new";
    std::ofstream file(aside);
    file << json << '\n';
    file.close();
    if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
      return absl::InvalidArgumentError(
          base::Concat("--ready-file: cannot write ", path, "; does its folder exist?"));
    }
  }
  ForgetStartupPages();
  return absl::OkStatus();
}

void Process::AwaitStop() {
  int received = 0;
  sigwait(&stop_signals_, &received);
  base::Log(base::Level::kInfo, "stopping", {{"signal", std::string_view(strsignal(received))}});
  for (const int number : {SIGTERM, SIGINT, SIGALRM}) signal(number, EndAtOnce);
  alarm(kLastMoment);
  pthread_sigmask(SIG_UNBLOCK, &stop_signals_, nullptr);
}

int Fail(std::string_view what, const absl::Status& status) {
  base::Log(base::Level::kError, what, {{"error", std::string(status.message())}});
  return 1;
}

}  // namespace kvshim::command
