// Process: how a server's process starts, tells that it serves, and ends.
//
//   Process process;                                       // before any thread starts
//   auto store = process.WhenThere([&] { return Store::Open(dsn, options); });
//   …
//   process.TellReady(path, R"({"pid": 1})");
//   process.AwaitStop();                                   // SIGTERM or SIGINT
//
// Thread safety: one thread, the one that made it.
#pragma once

#include <signal.h>

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace kvshim::command {

class Process {
 public:
  // Signals that end the server are blocked from here on, and waited for below.
  Process();

  // A database server that is not there yet, or starting, is waited for; everything else that can
  // be wrong is told at once. `open` returns an absl::StatusOr.
  template <typename Open>
  auto WhenThere(const Open& open) -> decltype(open()) {
    const auto give_up = std::chrono::steady_clock::now() + kStartPatience;
    while (true) {
      auto opened = open();
      const bool absent = opened.status().code() == absl::StatusCode::kUnavailable;
      if (!absent || std::chrono::steady_clock::now() >= give_up || !Pause(opened.status())) {
        return opened;
      }
    }
  }

  // Ends the start: writes `json` to the file, unless `path` is empty, so that who waits for it
  // never sees half of it, and lets go of the memory that only the start needed.
  absl::Status TellReady(const std::string& path, std::string_view json);

  // Returns when the process is to end. From then on a second signal ends it at once, as does the
  // end of its last moment: what was answered is in the database, nothing is lost.
  void AwaitStop();

 private:
  // How long a database server may be away at the start.
  static constexpr std::chrono::minutes kStartPatience{5};

  // False where the process is to end.
  bool Pause(const absl::Status& why);

  sigset_t stop_signals_{};
};

// What calls under way may take to finish after AwaitStop.
inline constexpr std::chrono::seconds kGrace{5};

// Logs what failed and returns the exit status of it, 1.
int Fail(std::string_view what, const absl::Status& status);

}  // namespace kvshim::command
