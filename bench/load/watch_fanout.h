// Watchers of one prefix, a stream each, and writes that every one of them must be told of.
//
// A value begins with the time its put was sent (or due), so that the latency of an event is that
// from its writer to each watcher, the commit included. Writes come at a fixed rate, whatever the
// answers take, or as a burst: as fast as a few writers get their answers. The measurement ends
// when each watcher has been told of each write; one event missing is an error.
//
// Or the writes come first, unmeasured, and the watchers then begin at the revision of the first
// one: they catch up, and an event's latency is that since its watch was asked for.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "connections.h"
#include "result.h"
#include "watch_news.h"

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
  bool catch_up = false;
  OnProgress on_progress;
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
  using Time = std::chrono::steady_clock::time_point;

  absl::Status OpenWatchers(int64_t start_revision);
  void StartWriters();
  void RunWrites();
  // Writes all there is to write, and returns the revision before it.
  absl::StatusOr<int64_t> WriteHistory();
  absl::Status FanOut(Meter& meter);
  absl::Status CatchUp(Meter& meter);
  absl::Status Finish(Time deadline);
  void Close();
  uint64_t wanted_events() const {
    return static_cast<uint64_t>(options_.writes) * static_cast<uint64_t>(options_.watchers);
  }

  Connections& connections_;
  const FanoutOptions options_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::deque<std::unique_ptr<Writer>> writers_;
  absl::Status status_;
  Recorder recorder_;
  WatchNews news_;
  std::string request_;
  int created_ = 0;
  int written_ = 0;
  int under_way_ = 0;
  bool closing_ = false;
};

}  // namespace kvshim::bench
