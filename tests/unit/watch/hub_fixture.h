// HubTest: a hub over a fake history and a fake clock, driven by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fake_history.h"
#include "recording_sink.h"
#include "watch/hub.h"

namespace kvshim::watch {

// "put /a 5" or "delete /a 6", the number being the revision.
inline std::string Describe(const Event& event) {
  return std::string(event.is_delete() ? "delete " : "put ") + std::string(event.kv().key()) + " " +
         std::to_string(event.revision());
}

class HubTest : public ::testing::Test {
 protected:
  void Start(HubOptions options = {}) {
    options.clock = &clock_;
    options.wake = [this] { ++wakes_; };
    hub_ = std::make_unique<Hub>(history_, history_.revision(), options);
  }

  void Publish(const std::vector<Event>& events) { hub_->Publish(events); }
  void Put(const std::string& key, const std::string& value = "v") {
    Publish(history_.Put(key, value));
  }
  void Delete(const std::string& key) { Publish(history_.Delete(key)); }

  // Pumps until the hub has nothing to do at this moment.
  void PumpAll() {
    for (int i = 0; i < 100000 && hub_->Pump() <= clock_.Now(); ++i) {
    }
  }

  // Every event the sink received since the last call, in words, for one watcher.
  static std::vector<std::string> Events(RecordingSink& sink, int64_t id = 0) {
    std::vector<std::string> events;
    for (const Received& received : sink.Take()) {
      if (received.watch_id != id) continue;
      for (const Event& event : received.events) events.push_back(Describe(event));
    }
    return events;
  }

  base::FakeClock clock_;
  FakeHistory history_;
  int wakes_ = 0;
  std::unique_ptr<Hub> hub_;
};

}  // namespace kvshim::watch
