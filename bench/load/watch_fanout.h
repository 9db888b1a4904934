// Watchers of one prefix, a stream each, and writes that every one of them must be told of.
//
// A value begins with the time its put was sent, so that the latency of an event is that from its
// writer to each watcher, the commit included. Writes come at a fixed rate, whatever the answers
// take, or as a burst: as fast as a few writers get their answers. The measurement ends when each
// watcher has been told of each write; one event missing is an error.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "connections.h"
#include "result.h"

namespace kvshim::bench {

struct FanoutOptions {
  std::string prefix;
  int watchers = 64;
  int writes = 1000;
  double writes_per_second = 0;  // 0: a burst
  int burst_writers = 16;
  size_t value_size = 1024;
  // Writes go to the first server and watches to the others.
  bool across = false;
};

class WatchFanout {
 public:
  WatchFanout(Connections& connections, FanoutOptions options);
  ~WatchFanout();

  // Its operations are events delivered.
  absl::StatusOr<Result> Run(const ProcessGroup& processes);

 private:
  class Watcher;
  class Writer;

  absl::Status OpenWatchers();
  void StartWriters();
  void RunWrites();
  absl::Status Finish(std::chrono::system_clock::time_point deadline);
  uint64_t wanted_events() const {
    return static_cast<uint64_t>(options_.writes) * static_cast<uint64_t>(options_.watchers);
  }

  Connections& connections_;
  const FanoutOptions options_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::deque<std::unique_ptr<Writer>> writers_;
  absl::Status status_;
  Latencies latencies_;
  uint64_t events_ = 0;
  int created_ = 0;
  int written_ = 0;
  int under_way_ = 0;
  bool closing_ = false;
};

}  // namespace kvshim::bench
