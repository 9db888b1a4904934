// Several engines on one database, with whatever a network and a database can do to commits.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "mvcc/errors.h"
#include "store/engine.h"
#include "unit/store/memory_database.h"
#include "unit/temporary_directory.h"

namespace kvshim::store {
namespace {

const std::string kAll(1, '\0');

// One server.
class Server {
 public:
  Server(std::shared_ptr<MemoryTables> tables, StoreOptions options,
         const MemoryDatabase::Faults& faults) {
    options.on_fatal = [this](const absl::Status& status) {
      base::MutexLock lock(mutex_);
      fatal_ = status;
    };
    EngineSeams seams;
    seams.database = [tables, faults] {
      return std::make_unique<MemoryDatabase>(tables,
                                              std::make_shared<MemoryDatabase::Faults>(faults));
    };
    auto opened = Engine::Open("", options, std::move(seams));
    EXPECT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
    watch_ =
        *engine_->StartWatch({.key = kAll, .range_end = kAll, .start_revision = 2, .prev_kv = true},
                             [this](const WatchResponse& response) {
                               base::MutexLock lock(mutex_);
                               for (const WatchEvent& event : response.events)
                                 events_.push_back(event);
                               canceled_ = canceled_ || response.canceled;
                             });
  }
  ~Server() { watch_.reset(); }

  Engine& operator*() { return *engine_; }
  Engine* operator->() { return engine_.get(); }
  // The watch has heard everything up to this revision.
  std::vector<WatchEvent> EventsUpTo(int64_t revision) {
    while (true) {
      {
        base::MutexLock lock(mutex_);
        if (canceled_ || (!events_.empty() && events_.back().kv.mod_revision() >= revision)) {
          return events_;
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // Waits until the watch has been told that its revisions are compacted.
  bool WatchEnded() {
    while (true) {
      {
        base::MutexLock lock(mutex_);
        if (canceled_) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  absl::Status fatal() {
    base::MutexLock lock(mutex_);
    return fatal_;
  }

 private:
  base::Mutex mutex_;
  absl::Status fatal_ GUARDED_BY(mutex_);
  std::vector<WatchEvent> events_ GUARDED_BY(mutex_);
  bool canceled_ GUARDED_BY(mutex_) = false;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Watch> watch_;
};

class ManyServers : public ::testing::Test {
 protected:
  Server& Add(const MemoryDatabase::Faults& faults = {}) {
    return *servers_.emplace_back(std::make_unique<Server>(tables_, options_, faults));
  }

  static int64_t Put(Server& server, const std::string& key, const std::string& value) {
    const auto put = server->Put({.key = key, .value = value});
    EXPECT_TRUE(put.ok()) << put.status();
    return put.ok() ? put->revision : 0;
  }

  static std::string Get(Server& server, const std::string& key) {
    const auto got = server->Range({.key = key});
    if (!got.ok()) return got.status().ToString();
    return got->kvs.empty() ? "(none)" : std::string(got->kvs[0].value());
  }

  std::shared_ptr<MemoryTables> tables_ = std::make_shared<MemoryTables>();
  StoreOptions options_;
  std::vector<std::unique_ptr<Server>> servers_;
};

TEST_F(ManyServers, AReadSeesWhatAnyServerAcknowledged) {
  Server& a = Add();
  Server& b = Add();
  for (int i = 0; i < 200; ++i) {
    Server& writer = i % 2 == 0 ? a : b;
    Server& reader = i % 2 == 0 ? b : a;
    const int64_t revision = Put(writer, "k", std::to_string(i));
    EXPECT_EQ(revision, i + 2);
    EXPECT_EQ(Get(reader, "k"), std::to_string(i));
  }
}

TEST_F(ManyServers, AFailedCompareIsJudgedOnTheNewest) {
  Server& a = Add();
  Server& b = Add();
  for (int i = 0; i < 100; ++i) {
    const std::string key = std::to_string(i);
    Put(a, key, "by a");
    TxnRequest create;
    create.compare.push_back({.target = CompareTarget::kCreate, .key = key, .number = 0});
    create.success.emplace_back(PutRequest{.key = key, .value = "by b"});
    const auto created = b->Txn(std::move(create));
    ASSERT_TRUE(created.ok());
    EXPECT_FALSE(created->succeeded) << i;
    const auto deleted = b->DeleteRange({.key = key});
    ASSERT_TRUE(deleted.ok());
    EXPECT_EQ(deleted->deleted, 1);
    EXPECT_EQ(a->DeleteRange({.key = key})->deleted, 0);
  }
}

TEST_F(ManyServers, ACounterCountsEveryIncrementOnce) {
  for (int i = 0; i < 3; ++i) Add();
  Put(*servers_[0], "counter", "0");
  constexpr int kIncrements = 150;
  std::vector<std::thread> clients;
  for (int client = 0; client < 6; ++client) {
    clients.emplace_back([&, client] {
      Server& server = *servers_[static_cast<size_t>(client) % 3];
      for (int i = 0; i < kIncrements;) {
        const auto now = server->Range({.key = "counter"});
        ASSERT_TRUE(now.ok());
        TxnRequest txn;
        txn.compare.push_back({.target = CompareTarget::kMod,
                               .key = "counter",
                               .number = now->kvs[0].mod_revision()});
        txn.success.emplace_back(
            PutRequest{.key = "counter",
                       .value = std::to_string(std::stoi(std::string(now->kvs[0].value())) + 1)});
        const auto done = server->Txn(std::move(txn));
        ASSERT_TRUE(done.ok()) << done.status();
        if (done->succeeded) ++i;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  for (auto& server : servers_) {
    EXPECT_EQ(Get(*server, "counter"), std::to_string(6 * kIncrements));
  }
}

TEST_F(ManyServers, ALeaseGrantedAtOneServerHoldsAtAll) {
  Server& a = Add();
  Server& b = Add();
  const LeaseId lease = a->LeaseGrant(LeaseGrantRequest{.ttl = 60})->id;
  EXPECT_EQ(b->LeaseKeepAlive(lease)->ttl, 60);
  ASSERT_TRUE(b->Put({.key = "k", .value = "v", .lease = lease}).ok());
  EXPECT_EQ(a->LeaseTimeToLive(lease, true)->keys, std::vector<std::string>{"k"});
  ASSERT_TRUE(a->LeaseRevoke(lease).ok());
  EXPECT_EQ(b->LeaseKeepAlive(lease)->ttl, 0);
  EXPECT_EQ(Get(b, "k"), "(none)");
}

TEST_F(ManyServers, ACompactionAtOneServerHoldsAtAll) {
  Server& a = Add();
  Server& b = Add();
  for (int i = 0; i < 10; ++i) Put(a, "k", std::to_string(i));
  ASSERT_TRUE(b->Compact({.revision = 8, .physical = true}).ok());
  EXPECT_EQ(Get(a, "k"), "9");
  const auto old = a->Range({.key = "k", .revision = 5});
  EXPECT_EQ(old.status(), mvcc::Compacted());
}

TEST_F(ManyServers, AServerThatWasAwayTooLongLoadsEverythingAgain) {
  Server& a = Add();
  const auto away = std::make_shared<std::atomic<bool>>(false);
  Server& b = Add({.read_fails = [away] { return away->load(); }});
  Put(a, "k", "first");
  EXPECT_EQ(Get(b, "k"), "first");
  *away = true;
  for (int i = 0; i < 50; ++i) Put(a, "k", std::to_string(i));
  Put(a, "gone", "x");
  ASSERT_TRUE(a->DeleteRange({.key = "gone"}).ok());
  const int64_t last = Put(a, "other", "o");
  // What nobody keeps any more: the batches in between.
  tables_->ForgetBatchesBefore(tables_->newest_seq());
  *away = false;
  EXPECT_EQ(Get(b, "k"), "49");
  EXPECT_EQ(Get(b, "gone"), "(none)");
  // Its watch has missed nothing: the history is there.
  const auto events = b.EventsUpTo(last);
  ASSERT_EQ(events.size(), 54u);
  for (size_t i = 1; i < events.size(); ++i) {
    EXPECT_EQ(events[i].kv.mod_revision(), events[i - 1].kv.mod_revision() + 1);
  }
  EXPECT_EQ(events[10].prev_kv.value(), events[9].kv.value());
  EXPECT_EQ(Put(b, "k", "again"), last + 1);
}

TEST_F(ManyServers, ADatabaseThatLostAcknowledgedCommitsIsNotServed) {
  Server& a = Add();
  Put(a, "k", "kept");
  const int64_t seq = tables_->newest_seq();
  Put(a, "k", "lost");
  tables_->LoseAfter(seq);
  options_.request_timeout = std::chrono::milliseconds(500);
  const auto put = a->Put({.key = "k", .value = "on top"});
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable) << put.status();
  const auto read = a->Range({.key = "k"});
  EXPECT_EQ(read.status().code(), absl::StatusCode::kUnavailable) << read.status();
  const auto stale = a->Range({.key = "k", .serializable = true});
  ASSERT_TRUE(stale.ok());
  EXPECT_EQ(stale->kvs[0].value(), "lost");
  while (a.fatal().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_NE(std::string(a.fatal().message()).find("lost commits"), std::string::npos);
}

TEST_F(ManyServers, AnotherHistoryBeginsAboveTheLostOneWhereAskedFor) {
  options_.on_lost_history = LostHistory::kBump;
  Server& a = Add();
  Put(a, "k", "kept");
  const int64_t seq = tables_->newest_seq();
  const int64_t lost = Put(a, "k", "lost");
  tables_->LoseAfter(seq);
  // Requests wait no longer than they may; then the other history begins.
  while (!a->Put({.key = "after", .value = "x"}).ok()) {
  }
  EXPECT_EQ(Get(a, "k"), "kept");
  EXPECT_GT(a->revision(), lost + 1000);
  EXPECT_EQ(a->term(), 2u);
  const auto old = a->Range({.key = "k", .revision = lost});
  EXPECT_EQ(old.status(), mvcc::Compacted());
  EXPECT_TRUE(a.WatchEnded());
  // A server that comes later finds the same.
  Server& b = Add();
  EXPECT_EQ(Get(b, "after"), "x");
  EXPECT_EQ(b->revision(), a->revision());
}

TEST_F(ManyServers, ARestartNoticesThatHistoryWasLost) {
  const testing::TemporaryDirectory directory;
  options_.state_directory = directory.path();
  Server& a = Add();
  Put(a, "k", "kept");
  const int64_t seq = tables_->newest_seq();
  // The file is written about once a second, at a commit.
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  Put(a, "k", "lost");
  servers_.clear();
  tables_->LoseAfter(seq);
  const auto open = [&] {
    EngineSeams seams;
    seams.database = [this] {
      return std::make_unique<MemoryDatabase>(tables_, std::make_shared<MemoryDatabase::Faults>());
    };
    return Engine::Open("", options_, std::move(seams));
  };
  const auto refused = open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(refused.status().message()).find("--on-lost-history=bump"),
            std::string::npos);
  options_.on_lost_history = LostHistory::kBump;
  const auto bumped = open();
  ASSERT_TRUE(bumped.ok()) << bumped.status();
  EXPECT_EQ((*bumped)->Range({.key = "k"})->kvs[0].value(), "kept");
  options_.on_lost_history = LostHistory::kHalt;
  EXPECT_TRUE(open().ok()) << "the other history is the known one now";
}

// Each client puts keys of its own once each, at any server, while commits are lost, doubtful or
// late and reads fail. At the end: what was acknowledged is there at its revision, nothing was done
// twice, no revision is missing, and every watcher has seen the same.
TEST_F(ManyServers, LoseNothingUnderFaults) {
  options_.request_timeout = std::chrono::milliseconds(3000);
  const auto calm = std::make_shared<std::atomic<bool>>(true);
  for (unsigned i = 0; i < 3; ++i) {
    // Each hook has one generator a thread, as it is called from several.
    MemoryDatabase::Faults faults;
    faults.commit = [calm, i] {
      thread_local std::mt19937 random(i + 7);
      if (calm->load()) return CommitFault::kNone;
      switch (random() % 20) {
        case 0:
          return CommitFault::kNotReached;
        case 1:
          return CommitFault::kLostAnswer;
        case 2:
          return CommitFault::kLostRequest;
        case 3:
          return CommitFault::kLateArrival;
        default:
          return CommitFault::kNone;
      }
    };
    faults.read_fails = [calm, i] {
      thread_local std::mt19937 random(i + 99);
      return !calm->load() && random() % 30 == 0;
    };
    Add(faults);
  }
  *calm = false;
  base::Mutex mutex;
  std::map<std::string, int64_t> acknowledged;
  std::set<std::string> unknown;
  std::vector<std::thread> clients;
  for (int client = 0; client < 12; ++client) {
    clients.emplace_back([&, client] {
      int64_t seen = 0;
      for (int i = 0; i < 60; ++i) {
        Server& server = *servers_[static_cast<size_t>(client + i) % 3];
        const std::string key = std::to_string(client) + "/" + std::to_string(i);
        const auto put = server->Put({.key = key, .value = key});
        if (put.ok()) {
          EXPECT_GT(put->revision, seen) << "revisions go back";
          seen = put->revision;
        }
        {
          base::MutexLock lock(mutex);
          if (put.ok()) {
            EXPECT_TRUE(acknowledged.emplace(key, put->revision).second);
          } else {
            unknown.insert(key);
          }
        }
        const auto read = (*servers_[static_cast<size_t>(client + i + 1) % 3])->Range({.key = key});
        if (!read.ok()) continue;
        EXPECT_GE(read->revision, seen) << "a stale read";
        if (put.ok()) {
          ASSERT_EQ(read->kvs.size(), 1u) << "an acknowledged write is not read";
          EXPECT_EQ(read->kvs[0].mod_revision(), put->revision);
        }
        seen = std::max(seen, read->revision);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  *calm = true;
  const int64_t last = Put(*servers_[0], "last", "");

  std::vector<WatchEvent> reference;
  for (auto& server : servers_) {
    const auto all = (*server)->Range({.key = kAll, .range_end = kAll});
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->revision, last);
    std::map<std::string, int64_t> found;
    for (const KeyValue& kv : all->kvs) {
      EXPECT_EQ(kv.version(), 1) << kv.key() << " was put twice";
      found.emplace(kv.key(), kv.mod_revision());
    }
    for (const auto& [key, revision] : acknowledged) EXPECT_EQ(found[key], revision) << key;
    for (const auto& [key, revision] : found) {
      EXPECT_TRUE(key == "last" || acknowledged.contains(key) || unknown.contains(key)) << key;
    }
    const std::vector<WatchEvent> events = server->EventsUpTo(last);
    ASSERT_EQ(events.size(), static_cast<size_t>(last - 1)) << "one event a revision";
    for (size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i].kv.mod_revision(), static_cast<int64_t>(i) + 2);
      if (!reference.empty()) {
        EXPECT_EQ(events[i].kv.wire(), reference[i].kv.wire());
      }
    }
    reference = events;
    EXPECT_TRUE(server->fatal().ok()) << server->fatal();
  }
  EXPECT_GT(acknowledged.size(), 600u);
}

}  // namespace
}  // namespace kvshim::store
