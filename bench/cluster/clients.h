// Clients of a cluster, all on one thread, each on a connection of its own as a client-go that
// speaks HTTP/1.1: each sends its next request when the last one is answered.
//
//   ASSIGN_OR_RETURN(auto clients, Clients::Open(*server, 64));
//   ASSIGN_OR_RETURN(Result result, clients->Run(next, warmup, duration));
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/result.h"
#include "cluster_server.h"

namespace kvshim::bench {

class Clients {
 public:
  // What this client asks next.
  using Next = std::function<std::string(int client)>;

  static absl::StatusOr<std::unique_ptr<Clients>> Open(ClusterServer& server, int count);
  ~Clients();

  // Loads the server for `warmup` and `duration`, of which the second is measured; longer where it
  // has not given as many answers as there are clients by then.
  absl::StatusOr<Result> Run(const Next& next, std::chrono::milliseconds warmup,
                             std::chrono::milliseconds duration);
  // Until `count` requests are answered, whatever that takes.
  absl::Status RunCount(const Next& next, uint64_t count);

 private:
  class Client;
  using Time = std::chrono::steady_clock::time_point;

  explicit Clients(ClusterServer& server);
  void Begin(const Next& next, uint64_t count);
  void RunUntil(Time end);
  void Drain();

  ClusterServer& server_;
  boost::asio::io_context io_;
  std::vector<std::unique_ptr<Client>> clients_;
  const Next* next_ = nullptr;
  uint64_t left_ = 0;  // requests that may still be sent
  int under_way_ = 0;
  Recorder recorder_;
  absl::Status status_;
};

// One request on a connection of its own: the body of its answer, whose status must be 2xx;
// kAlreadyExists where it is 409.
absl::StatusOr<std::string> AskOnce(ClusterServer& server, const std::string& request);

}  // namespace kvshim::bench
