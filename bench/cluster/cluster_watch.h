// Watchers of one namespace's pods, a connection each, and writes that every one of them must be
// told of: at a fixed rate, whatever the answers take, or as fast as a few writers get theirs. An
// event's latency is that from its write being sent (due) to the watcher having it. The measurement
// ends when each watcher has had each event; one missing is an error.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/result.h"
#include "cluster_server.h"

namespace kvshim::bench {

struct WatchLoad {
  std::string path;                // of the pods
  std::string accept;              // the form of the events
  std::vector<std::string> names;  // of pods that are there, which the writes change in turns
  int watchers = 200;
  int writes = 200;
  double writes_per_second = 0;  // 0: as fast as they are answered
  int writers = 16;
};

class ClusterWatch {
 public:
  static absl::StatusOr<Result> Run(ClusterServer& server, const WatchLoad& load);

 private:
  class Watcher;
  class Writer;
  using Time = std::chrono::steady_clock::time_point;

  ClusterWatch(ClusterServer& server, const WatchLoad& load);
  ~ClusterWatch();

  absl::Status Open();
  absl::StatusOr<Result> Measure();
  void Write(Writer& writer, Time due);
  void Steady(Time begin);
  // Until each watcher has had so many events.
  absl::Status Await(uint64_t events);

  ClusterServer& server_;
  const WatchLoad& load_;
  boost::asio::io_context io_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::vector<std::unique_ptr<Writer>> writers_;
  Recorder recorder_;
  int written_ = 0;
  uint64_t seen_ = 0;
  bool closing_ = false;
  absl::Status status_;
};

}  // namespace kvshim::bench
