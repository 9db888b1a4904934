#include "store/engine.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "engine_fixture.h"
#include "mvcc/errors.h"
#include "sql/error.h"

namespace kvshim::store {
namespace {

const std::string kAll(1, '\0');

TEST_F(EngineTest, GivesBackWhatWasPutAfterItWasOpenedAgain) {
  Open();
  const int64_t first = Put("a", "1");
  Put("a", "2");
  const LeaseId lease = engine_->LeaseGrant(LeaseGrantRequest{.ttl = 60})->id;
  Put("b", "leased", lease);
  ASSERT_TRUE(engine_->DeleteRange({.key = "nothing"}).ok());
  const int64_t revision = engine_->revision();
  Open();
  EXPECT_EQ(engine_->revision(), revision);
  EXPECT_EQ(Get("a"), "2");
  EXPECT_EQ(Get("a", first), "1");
  const auto left = engine_->LeaseTimeToLive(lease, true);
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(left->granted_ttl, 60);
  EXPECT_EQ(left->keys, std::vector<std::string>{"b"});
  EXPECT_EQ(Put("c", "next"), revision + 1);
}

TEST_F(EngineTest, ServesMoreThanItsMemoryHolds) {
  options_.memory_budget = 64 << 10;
  Open();
  for (int i = 0; i < 400; ++i)
    Put("k" + std::to_string(1000 + i), std::string(1000, 'a' + i % 26));
  EXPECT_LT(engine_->Status().keys * 1000, 500000);
  const auto all = engine_->Range({.key = kAll, .range_end = kAll});
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->kvs.size(), 400u);
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(all->kvs[i].value(), std::string(1000, 'a' + i % 26)) << i;
  }
  TxnRequest txn;
  txn.compare.push_back(
      {.target = CompareTarget::kValue, .key = "k1000", .value = std::string(1000, 'a')});
  txn.success.emplace_back(PutRequest{.key = "k1000", .prev_kv = true, .ignore_value = true});
  const auto response = engine_->Txn(std::move(txn));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->succeeded);
  EXPECT_EQ(Get("k1000"), std::string(1000, 'a'));
}

TEST_F(EngineTest, GroupsConcurrentCounterTxnsWithoutLosingOne) {
  Open();
  constexpr int kThreads = 4;
  constexpr int kIncrements = 200;
  Put("counter", "0");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kIncrements;) {
        const auto read = engine_->Range({.key = "counter"});
        ASSERT_TRUE(read.ok());
        const KeyValue& kv = read->kvs.at(0);
        TxnRequest txn;
        txn.compare.push_back(
            {.target = CompareTarget::kMod, .key = "counter", .number = kv.mod_revision()});
        txn.success.emplace_back(PutRequest{
            .key = "counter", .value = std::to_string(std::stoi(std::string(kv.value())) + 1)});
        const auto response = engine_->Txn(std::move(txn));
        ASSERT_TRUE(response.ok());
        if (response->succeeded) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Get("counter"), std::to_string(kThreads * kIncrements));
  EXPECT_EQ(engine_->revision(), 2 + kThreads * kIncrements);
}

TEST_F(EngineTest, CompactionReclaimsRowsAndKeepsWhatIsInForce) {
  Open();
  for (int i = 0; i < 300; ++i) Put("k" + std::to_string(i % 10), std::to_string(i));
  ASSERT_TRUE(engine_->DeleteRange({.key = "k0"}).ok());
  const int64_t revision = engine_->revision();
  const auto compacted = engine_->Compact({.revision = revision - 1, .physical = true});
  ASSERT_TRUE(compacted.ok()) << compacted.status();
  EXPECT_EQ(Get("k1", revision - 1), "291");
  EXPECT_EQ(Get("k0", revision - 1), "290");
  EXPECT_EQ(Get("k0"), "(none)");
  EXPECT_EQ(engine_->Range({.key = "k1", .revision = revision - 2}).status(), mvcc::Compacted());
  EXPECT_EQ(engine_->Compact(CompactRequest{.revision = revision - 1}).status(), mvcc::Compacted());
  EXPECT_EQ(engine_->Compact(CompactRequest{.revision = revision + 1}).status(),
            mvcc::FutureRevision());
  Open();
  EXPECT_EQ(Get("k1", revision - 1), "291");
  EXPECT_EQ(engine_->Range({.key = "k1", .revision = revision - 2}).status(), mvcc::Compacted());
}

TEST_F(EngineTest, CompactionsThatOvertakeEachOtherAllEnd) {
  Open();
  for (int i = 0; i < 400; ++i) Put("k" + std::to_string(i % 100), std::to_string(i));
  for (int64_t revision = 10; revision < 400; revision += 10) {
    ASSERT_TRUE(engine_->Compact(CompactRequest{.revision = revision}).ok());
  }
  const auto last = engine_->Compact({.revision = 400, .physical = true});
  EXPECT_TRUE(last.ok()) << last.status();
}

TEST_F(EngineTest, ACompactionThatACrashInterruptedIsFinishedAtTheNextStart) {
  std::atomic<bool> broken{false};
  seams_.fault = [&](sql::FaultPoint point) -> absl::Status {
    return broken && point == sql::FaultPoint::kBeforeDelete
               ? sql::MakeError(sql::ErrorKind::kIo, "stopped by the test")
               : absl::OkStatus();
  };
  Open();
  for (int i = 0; i < 100; ++i) Put("k", std::string(2000, 'x'));
  broken = true;
  ASSERT_TRUE(engine_->Compact(CompactRequest{.revision = engine_->revision()}).ok());
  const int64_t full = engine_->Status().database_bytes_in_use;
  engine_.reset();
  broken = false;
  Open();
  WaitUntil([&] { return engine_->Status().database_bytes_in_use < full / 2; });
  EXPECT_EQ(Get("k"), std::string(2000, 'x'));
}

TEST_F(EngineTest, ACommitThatFailsChangesNothingAndTheNextOneWorks) {
  std::atomic<bool> broken{false};
  seams_.fault = [&](sql::FaultPoint point) -> absl::Status {
    return broken && point == sql::FaultPoint::kInFlush
               ? sql::MakeError(sql::ErrorKind::kFull, "no room, says the test")
               : absl::OkStatus();
  };
  Open();
  Put("a", "1");
  const int64_t revision = engine_->revision();
  broken = true;
  EXPECT_EQ(engine_->Put({.key = "a", .value = "2"}).status(), mvcc::NoSpace());
  EXPECT_FALSE(engine_->LeaseGrant(LeaseGrantRequest{.ttl = 5, .id = LeaseId{7}}).ok());
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(engine_->revision(), revision);
  broken = false;
  EXPECT_EQ(Put("a", "3"), revision + 1);
  EXPECT_EQ(engine_->LeaseTimeToLive(LeaseId{7}, false)->ttl, -1);
}

TEST_F(EngineTest, AnUncertainCommitIsFatalAndNotAnsweredAsDone) {
  std::promise<void> fatal;
  options_.on_fatal = [&](const absl::Status&) { fatal.set_value(); };
  std::atomic<bool> broken{false};
  seams_.fault = [&](sql::FaultPoint point) -> absl::Status {
    return broken && point == sql::FaultPoint::kAfterCommit
               ? sql::MakeError(sql::ErrorKind::kAmbiguous, "lost the answer, says the test")
               : absl::OkStatus();
  };
  Open();
  broken = true;
  EXPECT_EQ(engine_->Put({.key = "a", .value = "1"}).status(), mvcc::TimedOut());
  fatal.get_future().wait();
  broken = false;
  options_.on_fatal = [](const absl::Status& status) { FAIL() << status; };
  Open();
  EXPECT_EQ(Get("a"), "1");  // it was durable after all
  EXPECT_EQ(Put("b", "2"), 3);
}

TEST_F(EngineTest, PutsAreRefusedAtTheQuotaWhileDeletesAndCompactionWork) {
  options_.quota_bytes = 512 << 10;
  Open();
  absl::Status status;
  for (int i = 0; i < 2000 && status.ok(); ++i) {
    status =
        engine_->Put({.key = "k" + std::to_string(i), .value = std::string(4000, 'x')}).status();
  }
  EXPECT_EQ(status, mvcc::NoSpace());
  ASSERT_EQ(engine_->Status().alarms.size(), 1u);
  EXPECT_EQ(engine_->LeaseGrant(LeaseGrantRequest{.ttl = 5}).status(), mvcc::NoSpace());
  ASSERT_TRUE(engine_->DeleteRange({.key = kAll, .range_end = kAll}).ok());
  Open();  // the alarm is remembered
  EXPECT_EQ(engine_->Put({.key = "a"}).status(), mvcc::NoSpace());
  ASSERT_TRUE(engine_->Compact({.revision = engine_->revision(), .physical = true}).ok());
  WaitUntil([&] { return engine_->Status().database_bytes < 1200 << 10; });
  std::promise<bool> cleared;
  engine_->ClearAlarm({}, [&](absl::StatusOr<bool> done) { cleared.set_value(*done); });
  EXPECT_TRUE(cleared.get_future().get());
}

TEST_F(EngineTest, WatchHearsHistoryThenTheNewInOrderAndOnce) {
  Open();
  for (int i = 0; i < 50; ++i) Put("k" + std::to_string(i % 5), std::to_string(i));
  Open();
  base::Mutex mutex;
  std::vector<int64_t> heard;
  auto watch =
      engine_->StartWatch({.key = "k", .range_end = "l", .start_revision = 2, .prev_kv = true},
                          [&](const WatchResponse& response) {
                            base::MutexLock lock(mutex);
                            for (const WatchEvent& event : response.events) {
                              heard.push_back(event.kv.mod_revision());
                              EXPECT_EQ(static_cast<bool>(event.prev_kv), event.kv.version() > 1);
                            }
                          });
  ASSERT_TRUE(watch.ok());
  for (int i = 0; i < 50; ++i) Put("k" + std::to_string(i % 5), std::to_string(i));
  WaitUntil([&] {
    base::MutexLock lock(mutex);
    return heard.size() >= 100;
  });
  watch->reset();
  ASSERT_EQ(heard.size(), 100u);
  for (size_t i = 0; i < heard.size(); ++i) EXPECT_EQ(heard[i], static_cast<int64_t>(i) + 2);
}

TEST_F(EngineTest, HashesAgreeHoweverTheStoreWasCompacted) {
  const auto hash = [&](int64_t revision) {
    std::promise<absl::StatusOr<HashResult>> promise;
    engine_->Hash(revision,
                  [&](absl::StatusOr<HashResult> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  };
  std::vector<uint32_t> hashes;
  for (const bool compact_early : {false, true}) {
    std::filesystem::remove_all(directory_.path());
    std::filesystem::create_directory(directory_.path());
    Open();
    for (int i = 0; i < 40; ++i) Put("k" + std::to_string(i % 7), std::to_string(i));
    ASSERT_TRUE(engine_->DeleteRange({.key = "k3"}).ok());
    if (compact_early) {
      ASSERT_TRUE(engine_->Compact({.revision = 12, .physical = true}).ok());
    }
    for (int i = 0; i < 10; ++i) Put("k" + std::to_string(i % 7), std::to_string(i));
    ASSERT_TRUE(engine_->Compact(CompactRequest{.revision = 30}).ok());
    const auto result = hash(0);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->compact_revision, 30);
    hashes.push_back(result->hash);
    EXPECT_EQ(hash(29).status(), mvcc::Compacted());
    engine_.reset();
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace kvshim::store
