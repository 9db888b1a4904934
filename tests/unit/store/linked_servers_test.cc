// Several engines on one database, linked as servers are (etcd/peer_link.h), but in one process.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "store/engine.h"
#include "store/peer_frames.h"
#include "unit/store/engine_fixture.h"
#include "unit/store/memory_database.h"

namespace kvshim::store {
namespace {

const std::string kAll(1, '\0');

std::unique_ptr<Engine> OpenOn(const std::shared_ptr<MemoryTables>& tables,
                               const MemoryDatabase::Faults& faults = {}) {
  EngineSeams seams;
  seams.database = [tables, faults] {
    return std::make_unique<MemoryDatabase>(tables,
                                            std::make_shared<MemoryDatabase::Faults>(faults));
  };
  StoreOptions options;
  options.on_fatal = [](const absl::Status& status) { ADD_FAILURE() << status; };
  auto opened = Engine::Open("", options, std::move(seams));
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

// The owner's end of all links: what it is asked for, and what it tells.
class Host {
 public:
  // What happens to a frame with a batch on its way.
  using Harm = std::function<bool(std::string& frame)>;  // false: it is lost

  explicit Host(
      Engine& owner, Harm harm = [](std::string&) { return true; })
      : owner_(owner), harm_(std::move(harm)) {
    owner_.SetLinks(PeerLinks{.count =
                                  [this] {
                                    base::MutexLock lock(mutex_);
                                    return followers_.size();
                                  },
                              .send = [this](std::string frame) { Tell(std::move(frame)); }});
  }
  ~Host() {
    owner_.SetLinks(std::nullopt);
    WaitUntil([this] { return due_ == 0; });
    threads_.Stop();
  }

  void Link(Engine& follower) {
    base::MutexLock lock(mutex_);
    followers_.push_back(&follower);
    follower.relay().Linked(
        {.send =
             [this, &follower](std::string frame) {
               Run([this, &follower, frame = std::move(frame)] { Serve(follower, frame); });
             },
         .close = [] {}});
  }
  void Unlink(Engine& follower) {
    base::MutexLock lock(mutex_);
    std::erase(followers_, &follower);
    follower.relay().Lost();
  }

 private:
  void Run(base::Executor::Function function) { EXPECT_TRUE(threads_.Submit(std::move(function))); }

  void Tell(std::string frame) {
    Run([this, frame = std::move(frame)]() mutable {
      if (!harm_(frame)) return;
      base::MutexLock lock(mutex_);
      for (Engine* follower : followers_) EXPECT_TRUE(follower->relay().Hear(frame));
    });
  }

  void Serve(Engine& follower, const std::string& frame) {
    PeerReader in(frame);
    FrameKind kind{};
    in(kind);
    EXPECT_EQ(kind, FrameKind::kWrites);
    ++due_;
    EXPECT_TRUE(ServeWrites(owner_, in, [this, &follower](std::string answer) {
      Run([this, &follower, answer = std::move(answer)] {
        base::MutexLock lock(mutex_);
        if (std::ranges::count(followers_, &follower) > 0) follower.relay().Hear(answer);
        --due_;
      });
    }));
  }

  Engine& owner_;
  const Harm harm_;
  base::Executor threads_{{.name = "links", .threads = 1}};
  std::atomic<int> due_{0};  // answers
  base::Mutex mutex_;
  std::vector<Engine*> followers_ GUARDED_BY(mutex_);
};

double Relayed(Engine& engine) {
  const std::string text = engine.metrics().Render();
  const std::string name = "\nkvshim_relayed_writes_total ";
  const size_t at = text.find(name);
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size()));
}

int64_t Increment(Engine& engine, const std::string& key) {
  const auto now = engine.Range({.key = key});
  if (!now.ok()) return 0;
  const bool there = !now->kvs.empty();
  TxnRequest txn;
  txn.compare.push_back({.target = CompareTarget::kMod,
                         .key = key,
                         .number = there ? now->kvs[0].mod_revision() : 0});
  const int count = there ? std::stoi(std::string(now->kvs[0].value())) : 0;
  txn.success.emplace_back(PutRequest{.key = key, .value = std::to_string(count + 1)});
  const auto done = engine.Txn(std::move(txn));
  return done.ok() && done->succeeded ? done->revision : 0;
}

class LinkedServers : public ::testing::Test {
 protected:
  LinkedServers() {
    for (int i = 0; i < 3; ++i) engines_.push_back(OpenOn(tables_));
  }

  std::shared_ptr<MemoryTables> tables_ = std::make_shared<MemoryTables>();
  std::vector<std::unique_ptr<Engine>> engines_;
};

TEST_F(LinkedServers, HaveTheOwnerCommitWhatTheyWriteAtTheSameTime) {
  Host host(*engines_[0]);
  host.Link(*engines_[1]);
  host.Link(*engines_[2]);
  base::Mutex mutex;
  std::vector<int64_t> seen;
  const auto watch = *engines_[2]->StartWatch({.key = kAll, .range_end = kAll, .start_revision = 2},
                                              [&](const WatchResponse& response) {
                                                base::MutexLock lock(mutex);
                                                for (const WatchEvent& event : response.events)
                                                  seen.push_back(event.kv.mod_revision());
                                              });
  constexpr int kIncrements = 200;
  std::vector<std::thread> clients;
  for (int client = 0; client < 6; ++client) {
    clients.emplace_back([&, client] {
      Engine& engine = *engines_[static_cast<size_t>(client) % 3];
      for (int i = 0; i < kIncrements;) {
        const int64_t revision = Increment(engine, "counter");
        if (revision == 0) continue;
        ++i;
        // What was acknowledged is in this server's memory.
        EXPECT_GE(engine.revision(), revision);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  for (const auto& engine : engines_) {
    EXPECT_EQ(engine->Range({.key = "counter"})->kvs[0].value(), std::to_string(6 * kIncrements));
  }
  EXPECT_GT(Relayed(*engines_[1]) + Relayed(*engines_[2]), 100);
  EXPECT_EQ(Relayed(*engines_[0]), 0);
  const size_t all = 6 * kIncrements;
  WaitUntil([&] {
    base::MutexLock lock(mutex);
    return seen.size() >= all;
  });
  base::MutexLock lock(mutex);
  ASSERT_EQ(seen.size(), all);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<int64_t>(i) + 2);
}

TEST_F(LinkedServers, FollowTheOwnerWithoutReadingTheDatabase) {
  const auto reads = std::make_shared<std::atomic<int>>(0);
  const auto follower = OpenOn(tables_, {.read_fails = [reads] {
                                 ++*reads;
                                 return false;
                               }});
  Host host(*engines_[0]);
  WaitUntil([&] { return engines_[0]->members().size() == 4; });
  host.Link(*follower);
  constexpr int kPuts = 500;
  const int before = *reads;
  for (int i = 0; i < kPuts; ++i) {
    const auto put = engines_[0]->Put({.key = "k", .value = std::to_string(i)});
    ASSERT_TRUE(put.ok());
    WaitUntil([&] { return follower->revision() >= put->revision; });
    EXPECT_EQ(follower->Range({.key = "k", .serializable = true})->kvs[0].value(),
              std::to_string(i));
  }
  EXPECT_LT(*reads - before, kPuts / 2) << "it looks now and then only";
  host.Unlink(*follower);
}

TEST_F(LinkedServers, NeverShowABatchThatWasSentAheadAndLost) {
  const auto tables = std::make_shared<MemoryTables>();
  std::atomic<int> commits{0};
  const auto owner =
      OpenOn(tables, {.commit = [&] {
               return commits++ % 3 == 0 ? CommitFault::kLostRequest : CommitFault::kNone;
             }});
  const auto follower = OpenOn(tables);
  Host host(*owner);
  WaitUntil([&] { return owner->members().size() == 2; });
  host.Link(*follower);
  std::vector<std::string> seen;
  base::Mutex mutex;
  const auto watch =
      *follower->StartWatch({.key = "k", .start_revision = 2}, [&](const WatchResponse& response) {
        base::MutexLock lock(mutex);
        for (const WatchEvent& event : response.events) seen.emplace_back(event.kv.value());
      });
  std::vector<std::string> wanted;
  for (int i = 0; i < 50; ++i) {
    const std::string value = std::to_string(i);
    // The batch that is sent ahead is lost, a fence takes its place, another one puts it.
    const auto put = owner->Put({.key = "k", .value = value});
    ASSERT_TRUE(put.ok()) << put.status();
    const auto read = follower->Range({.key = "k"});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->kvs[0].value(), value);
    EXPECT_EQ(read->kvs[0].mod_revision(), put->revision);
    wanted.push_back(value);
  }
  EXPECT_GE(commits, 150) << "each was lost, resolved and put";
  WaitUntil([&] {
    base::MutexLock lock(mutex);
    return seen.size() >= wanted.size();
  });
  base::MutexLock lock(mutex);
  EXPECT_EQ(seen, wanted);
  host.Unlink(*follower);
}

TEST_F(LinkedServers, DoNotFollowAnOwnerOnADatabaseServerThatWasReplaced) {
  const auto owner = OpenOn(tables_, {.lineage = {.system = "7", .timeline = 1}});
  const auto copy = tables_->Copy();
  const auto follower = OpenOn(copy, {.lineage = {.system = "7", .timeline = 2}});
  Host host(*owner);
  WaitUntil([&] { return owner->members().size() >= 2; });
  host.Link(*follower);
  const int64_t before = follower->revision();
  ASSERT_TRUE(owner->Put({.key = "k", .value = "lost"}).ok());
  const auto put = follower->Put({.key = "k", .value = "kept"});
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->revision, before + 1);
  EXPECT_EQ(follower->Range({.key = "k"})->kvs[0].value(), "kept");
  host.Unlink(*follower);
}

TEST_F(LinkedServers, ReadFromTheDatabaseWhatDoesNotArriveOverTheLink) {
  std::atomic<int> frames{0};
  Host host(*engines_[0], [&](std::string& frame) {
    const int frame_number = frames++;
    if (frame_number % 3 == 1) frame.back() = static_cast<char>(frame.back() ^ 1);
    return frame_number % 3 != 2;
  });
  WaitUntil([&] { return engines_[0]->members().size() == 3; });
  host.Link(*engines_[1]);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(engines_[0]->Put({.key = "k", .value = std::to_string(i)}).ok());
    EXPECT_EQ(engines_[1]->Range({.key = "k"})->kvs[0].value(), std::to_string(i));
  }
  WaitUntil([&] { return frames >= 100; });
  host.Unlink(*engines_[1]);
}

TEST_F(LinkedServers, LoseNothingWhereLinksBreakUnderTheirWrites) {
  Host host(*engines_[0]);
  host.Link(*engines_[1]);
  host.Link(*engines_[2]);
  std::atomic<bool> done{false};
  std::thread breaker([&] {
    for (int i = 0; !done; ++i) {
      Engine& follower = *engines_[1 + static_cast<size_t>(i) % 2];
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
      host.Unlink(follower);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      host.Link(follower);
    }
  });
  // Each writes keys of its own, so that a write that happened twice shows in the version.
  std::atomic<int> acknowledged{0};
  std::atomic<int> unknown{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 6; ++client) {
    clients.emplace_back([&, client] {
      Engine& engine = *engines_[static_cast<size_t>(client) % 3];
      for (int i = 0; i < 300; ++i) {
        const std::string key = std::to_string(client) + "/" + std::to_string(i);
        const auto put = engine.Put({.key = key, .value = "v"});
        const auto got = engines_[static_cast<size_t>(client + i) % 3]->Range({.key = key});
        ASSERT_TRUE(got.ok()) << got.status();
        if (put.ok()) {
          ++acknowledged;
          ASSERT_EQ(got->kvs.size(), 1u) << key;
          EXPECT_EQ(got->kvs[0].mod_revision(), put->revision);
        } else {
          ++unknown;
          EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable) << put.status();
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  done = true;
  breaker.join();
  const auto all = engines_[2]->Range({.key = kAll, .range_end = kAll});
  ASSERT_TRUE(all.ok());
  EXPECT_GE(all->count, acknowledged);
  EXPECT_LE(all->count, acknowledged + unknown);
  for (const KeyValue& kv : all->kvs) EXPECT_EQ(kv.version(), 1) << kv.key();
  EXPECT_GT(acknowledged, unknown);
  host.Unlink(*engines_[1]);
  host.Unlink(*engines_[2]);
}

}  // namespace
}  // namespace kvshim::store
