// Clients that load a server, all on one thread: in a closed loop each sends its next request when
// the last one is answered; in an open loop requests are due at a fixed rate, whatever the answers
// take. A request that is due while every client waits is sent late and its latency counts from the
// time it was due: what a slow server delays is in the figures (no coordinated omission).
//
//   Loop loop(connections, calls, {.clients = 64});
//   ASSIGN_OR_RETURN(Result result, loop.Run(warmup, duration, {{server_pid}}));
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "calls.h"
#include "connections.h"
#include "result.h"

namespace kvshim::bench {

struct LoopOptions {
  int clients = 64;
  double rate = 0;  // requests a second; 0: a closed loop
  OnProgress on_progress;
};

class Loop {
 public:
  Loop(Connections& connections, Calls& calls, LoopOptions options);
  ~Loop();

  // Loads the server for `warmup` and `duration`, of which the second is measured. May be called
  // again.
  absl::StatusOr<Result> Run(std::chrono::milliseconds warmup, std::chrono::milliseconds duration,
                             const ProcessGroup& processes);

  // Until `count` requests are answered, whatever that takes.
  absl::Status RunCount(uint64_t count);

 private:
  class Client;
  using Time = std::chrono::steady_clock::time_point;

  void Begin();
  void RunUntil(Time end);
  // Gives what is due to clients that are free; returns when the next request will be due.
  Time Dispatch(Time now);
  // What a client that is free does next.
  void Next(Client& client);
  // Waits for the requests under way.
  void Drain();

  Connections& connections_;
  Calls& calls_;
  const LoopOptions options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> free_;  // of an open loop
  absl::Status status_;
  Recorder recorder_;
  std::string request_;
  uint64_t left_ = UINT64_MAX;  // requests that may still be sent
  int under_way_ = 0;
  bool stopping_ = false;
  Time begin_;        // of an open loop's schedule
  uint64_t due_ = 0;  // requests sent by it, or waiting for a client
};

}  // namespace kvshim::bench
