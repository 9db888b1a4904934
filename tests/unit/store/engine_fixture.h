// An engine on a database of its own, in a folder that goes away with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "store/engine.h"
#include "unit/temporary_directory.h"

namespace kvshim::store {

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    options_.on_fatal = [](const absl::Status& status) { FAIL() << status; };
  }

  std::string path() const { return directory_.File("state.db"); }

  // Opens, or closes and opens again.
  Engine& Open() {
    engine_.reset();
    auto opened = Engine::Open("sqlite://" + path(), options_, seams_);
    if (!opened.ok()) {
      ADD_FAILURE() << opened.status();
      std::abort();
    }
    engine_ = *std::move(opened);
    return *engine_;
  }

  std::string Get(const std::string& key, int64_t revision = 0) {
    const auto response = engine_->Range({.key = key, .revision = revision});
    if (!response.ok()) return response.status().ToString();
    return response->kvs.empty() ? "(none)" : std::string(response->kvs[0].value());
  }

  int64_t Put(const std::string& key, const std::string& value, LeaseId lease = kNoLease) {
    const auto response = engine_->Put({.key = key, .value = value, .lease = lease});
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->revision : 0;
  }

  testing::TemporaryDirectory directory_;
  StoreOptions options_;
  EngineSeams seams_;
  std::unique_ptr<Engine> engine_;
};

// Waits, without end: the test's own time limit is the limit.
template <typename Condition>
void WaitUntil(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace kvshim::store
