// Clients that each send their next request when the last one is answered, all on one thread.
//
//   ClosedLoop loop(connections, calls, 64);
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

class ClosedLoop {
 public:
  ClosedLoop(Connections& connections, Calls& calls, int clients);
  ~ClosedLoop();

  // Loads the server for `warmup` and `duration`, of which the second is measured.
  absl::StatusOr<Result> Run(std::chrono::milliseconds warmup, std::chrono::milliseconds duration,
                             const ProcessGroup& processes);

  // Until `count` requests are answered, whatever that takes.
  absl::Status RunCount(uint64_t count);

 private:
  class Client;

  void RunUntil(std::chrono::system_clock::time_point end);

  Connections& connections_;
  Calls& calls_;
  std::vector<std::unique_ptr<Client>> clients_;
  absl::Status status_;
  Latencies latencies_;
  uint64_t operations_ = 0;
  uint64_t left_ = UINT64_MAX;  // requests that may still be sent
  int under_way_ = 0;
  bool measuring_ = false;
  bool stopping_ = false;
};

}  // namespace kvshim::bench
