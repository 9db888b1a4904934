// RecordingSink: keeps what a watcher was told, and plays a client that reads fast or not at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "watch/sink.h"
#include "watch/stream.h"

namespace kvshim::watch {

// A Response that outlives Send.
struct Received {
  int64_t watch_id = 0;
  int64_t revision = 0;
  bool created = false;
  bool canceled = false;
  int64_t compact_revision = 0;
  std::string cancel_reason;
  std::vector<Event> events;
  bool prev_kv = false;

  bool is_progress() const { return !created && !canceled && events.empty(); }
};

class RecordingSink : public Sink {
 public:
  void Send(const Response& response) override {
    Received received{.watch_id = static_cast<int64_t>(response.watch_id),
                      .revision = response.revision,
                      .created = response.created,
                      .canceled = response.canceled,
                      .compact_revision = response.compact_revision,
                      .cancel_reason = std::string(response.cancel_reason),
                      .prev_kv = response.prev_kv};
    size_t bytes = 20;
    for (const Event* event : response.events) {
      received.events.push_back(*event);
      bytes += event->wire_size(response.prev_kv);
    }
    base::MutexLock lock(mutex_);
    received_.push_back(std::move(received));
    if (!reading_) pending_ += bytes;
    if (pending_ > peak_) peak_ = pending_.load();
  }
  size_t pending_bytes() const override { return pending_; }
  void End(const absl::Status& status) override {
    base::MutexLock lock(mutex_);
    ended_ = status;
  }

  // The client stops reading: what is sent from now on waits.
  void StopReading() { reading_ = false; }
  // The network takes everything that waits. The caller tells the stream.
  void Read() { pending_ = 0; }
  void ResumeReading() {
    reading_ = true;
    pending_ = 0;
  }

  // What came since the last call.
  std::vector<Received> Take() {
    base::MutexLock lock(mutex_);
    return std::exchange(received_, {});
  }
  absl::Status ended() {
    base::MutexLock lock(mutex_);
    return ended_;
  }
  size_t peak() const { return peak_; }

 private:
  base::Mutex mutex_;
  std::vector<Received> received_;
  absl::Status ended_;
  std::atomic<bool> reading_{true};
  std::atomic<size_t> pending_{0};
  std::atomic<size_t> peak_{0};
};

}  // namespace kvshim::watch
