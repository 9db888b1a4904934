// Servers of one cluster whose databases are not one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/logger.h"
#include "base/mutex.h"
#include "mvcc/errors.h"
#include "store/engine.h"
#include "unit/store/memory_database.h"
#include "unit/temporary_directory.h"

namespace kvshim::store {
namespace {

using ::testing::HasSubstr;

class Server {
 public:
  Server(std::shared_ptr<MemoryTables> tables, StoreOptions options, sql::Lineage lineage = {}) {
    options.request_timeout = std::chrono::milliseconds(300);
    options.on_fatal = [this](const absl::Status& status) {
      base::MutexLock lock(mutex_);
      fatal_ = status;
    };
    EngineSeams seams{.fork_patience = std::chrono::seconds(1)};
    const auto faults = std::make_shared<MemoryDatabase::Faults>();
    faults->lineage = std::move(lineage);
    seams.database = [tables, faults] { return std::make_unique<MemoryDatabase>(tables, faults); };
    auto opened = Engine::Open("", options, std::move(seams));
    EXPECT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
  }

  Engine* operator->() { return engine_.get(); }

  int64_t Put(const std::string& value) {
    const auto put = engine_->Put({.key = "k", .value = value});
    EXPECT_TRUE(put.ok()) << put.status();
    return put.ok() ? put->revision : 0;
  }
  std::string Get() {
    const auto got = engine_->Range({.key = "k"});
    if (!got.ok()) return got.status().ToString();
    return got->kvs.empty() ? "(none)" : std::string(got->kvs[0].value());
  }
  // Whether it acknowledges writes and answers linearizable reads.
  bool Serves() {
    const bool writes = engine_->Put({.key = "probe", .value = "x"}).ok();
    const bool reads = engine_->Range({.key = "k"}).ok();
    EXPECT_EQ(writes, reads);
    return writes || reads;
  }
  // Waits for its end, while `meanwhile` goes on.
  absl::Status AwaitFatal(const std::function<void()>& meanwhile = [] {}) {
    while (true) {
      {
        base::MutexLock lock(mutex_);
        if (!fatal_.ok()) return fatal_;
      }
      meanwhile();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  absl::Status fatal() {
    base::MutexLock lock(mutex_);
    return fatal_;
  }

 private:
  base::Mutex mutex_;
  absl::Status fatal_ GUARDED_BY(mutex_);
  std::unique_ptr<Engine> engine_;
};

class TwoDatabases : public ::testing::Test {
 protected:
  // Both servers go on from the same batch, each on its own database.
  void Split() {
    left_ = std::make_unique<Server>(tables_, options_, left_lineage_);
    left_->Put("common");
    copy_ = tables_->Copy();
    right_ = std::make_unique<Server>(copy_, options_, right_lineage_);
  }
  void TellLeft() { (*left_)->Hear("right", (*right_)->claim()); }
  void TellRight() { (*right_)->Hear("left", (*left_)->claim()); }

  StoreOptions options_;
  sql::Lineage left_lineage_, right_lineage_;
  std::shared_ptr<MemoryTables> tables_ = std::make_shared<MemoryTables>();
  std::shared_ptr<MemoryTables> copy_;
  std::unique_ptr<Server> left_, right_;
};

TEST_F(TwoDatabases, ThatAreTheSameSoFarAreServed) {
  Split();
  TellLeft();
  TellRight();
  EXPECT_TRUE(left_->Serves());
}

TEST_F(TwoDatabases, AreServedByNobodyOnceTheyDiffer) {
  Split();
  const LeaseId lease = (*left_)->LeaseGrant(LeaseGrantRequest{.ttl = 60})->id;
  left_->Put("left");
  right_->Put("right");
  right_->Put("right again");
  TellLeft();
  TellRight();
  const int64_t seq = tables_->newest_seq();
  EXPECT_FALSE(left_->Serves());
  EXPECT_FALSE(right_->Serves());
  EXPECT_EQ(tables_->newest_seq(), seq) << "what is not acknowledged is not written, either";
  EXPECT_EQ((*left_)->LeaseKeepAlive(lease).status(), mvcc::Unhealthy());
  EXPECT_FALSE((*left_)->Health().ok());
  // What is in memory is there for those who are content with it.
  const auto stale = (*left_)->Range({.key = "k", .serializable = true});
  ASSERT_TRUE(stale.ok());
  EXPECT_EQ(stale->kvs[0].value(), "left");
  // Both go on to claim their own: then neither may decide.
  const absl::Status end = left_->AwaitFatal([&] { TellLeft(); });
  EXPECT_THAT(std::string(end.message()), HasSubstr("there are two databases"));
  EXPECT_THAT(std::string(end.message()), HasSubstr("the server at right"));
}

TEST_F(TwoDatabases, AreNotHealedByAnotherEpochOfEach) {
  options_.on_lost_history = LostHistory::kBump;
  Split();
  left_->Put("left");
  right_->Put("right");
  right_->Put("right again");
  TellLeft();
  const absl::Status end = left_->AwaitFatal([&] { TellLeft(); });
  EXPECT_THAT(std::string(end.message()), HasSubstr("there are two databases"));
  EXPECT_EQ((*left_)->term(), 1u);
}

TEST_F(TwoDatabases, TheOneThatIsBehindIsNotServed) {
  Split();
  right_->Put("further");
  EXPECT_EQ(left_->Get(), "common");
  TellLeft();
  // The database is read before the claim counts, which may take a moment.
  while (left_->Get() == "common") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(left_->Serves());
}

TEST_F(TwoDatabases, TheHigherEpochStands) {
  Split();
  left_->Put("left");
  right_->Put("right");
  const int64_t seq = copy_->newest_seq();
  options_.on_lost_history = LostHistory::kBump;
  right_ = nullptr;
  right_ = std::make_unique<Server>(copy_, options_);
  right_->Put("to be lost");
  copy_->LoseAfter(seq);
  while (!(*right_)->Put({.key = "k", .value = "right"}).ok()) {
  }
  ASSERT_EQ((*right_)->term(), 2u);
  TellRight();
  EXPECT_TRUE(right_->Serves()) << "a claim of an epoch that has ended";
  TellLeft();
  while (left_->Get() == "left") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(left_->Serves());
}

TEST_F(TwoDatabases, TheOneThatWasPromotedLastStands) {
  left_lineage_ = {.system = "7", .timeline = 1};
  right_lineage_ = {.system = "7", .timeline = 2};
  Split();
  left_->Put("left");
  left_->Put("left again");
  right_->Put("right");
  TellRight();
  EXPECT_TRUE(right_->Serves());
  // The other one leaves its database, and waits for a right one to be connected to.
  TellLeft();
  EXPECT_FALSE(left_->Serves());
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  TellRight();
  EXPECT_TRUE(right_->Serves());
  EXPECT_FALSE(left_->Serves());
  EXPECT_TRUE(left_->fatal().ok()) << left_->fatal();
  EXPECT_TRUE(right_->fatal().ok()) << right_->fatal();
}

// The operator hears of it from the server that goes on, however far the other one had come.
TEST_F(TwoDatabases, OfWhichOneWasReplacedTellWhatIsLost) {
  left_lineage_ = {.system = "7", .timeline = 1};
  right_lineage_ = {.system = "7", .timeline = 2};
  Split();
  base::Mutex mutex;
  std::string lines;
  base::SetLogSink([&](std::string_view line) {
    base::MutexLock lock(mutex);
    lines += line;
  });
  TellRight();  // what both have is not lost
  EXPECT_TRUE(right_->Serves());
  left_->Put("left");
  left_->Put("left again");
  left_->Put("and again");
  TellRight();
  EXPECT_TRUE(right_->Serves());
  right_ = nullptr;
  base::SetLogSink({});
  EXPECT_THAT(lines, HasSubstr("what it acknowledged since is lost"));
  EXPECT_THAT(lines, HasSubstr("other_revision=5\n")) << "and how far that went";
}

TEST_F(TwoDatabases, OfDifferentSystemsHaveNoOrder) {
  left_lineage_ = {.system = "7", .timeline = 1};
  right_lineage_ = {.system = "8", .timeline = 2};
  Split();
  left_->Put("left");
  right_->Put("right");
  TellRight();
  EXPECT_FALSE(right_->Serves());
}

// What a server knew at its last run holds for the next.
TEST_F(TwoDatabases, TheReplacedOneIsRefusedAfterARestart) {
  const testing::TemporaryDirectory directory;
  options_.state_directory = directory.path();
  right_ = std::make_unique<Server>(tables_, options_, sql::Lineage{.system = "7", .timeline = 2});
  right_->Put("known");
  right_ = nullptr;
  const auto open = [&](sql::Lineage lineage) {
    EngineSeams seams;
    const auto faults = std::make_shared<MemoryDatabase::Faults>();
    faults->lineage = std::move(lineage);
    seams.database = [this, faults] { return std::make_unique<MemoryDatabase>(tables_, faults); };
    return Engine::Open("", options_, std::move(seams)).status();
  };
  EXPECT_EQ(open({.system = "7", .timeline = 1}).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(open({.system = "7", .timeline = 3}).ok());
  EXPECT_EQ(open({.system = "7", .timeline = 2}).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(open({.system = "8", .timeline = 1}).ok());
}

TEST_F(TwoDatabases, ServiceGoesOnWhenTheOtherServerHasComeRound) {
  Split();
  left_->Put("left");
  right_->Put("right");
  right_->Put("right again");
  TellLeft();
  EXPECT_FALSE(left_->Serves());
  // Its new connections lead to the right database.
  right_ = nullptr;
  right_ = std::make_unique<Server>(tables_, options_);
  TellLeft();
  while (!left_->Serves()) {
  }
  EXPECT_EQ(left_->Get(), "left");
  EXPECT_EQ(right_->Get(), "left");
}

TEST_F(TwoDatabases, AHintStopsNobodyButHasTheOthersAsked) {
  Split();
  left_->Put("left");
  right_->Put("right");
  std::atomic<int> asked = 0;
  (*left_)->OnSuspicion([&] { ++asked; });
  (*left_)->HearHint((*left_)->claim());
  EXPECT_EQ(asked, 0);
  (*left_)->HearHint((*right_)->claim());
  EXPECT_EQ(asked, 1);
  Claim forged = (*right_)->claim();
  forged.seq += 1000;
  forged.epoch += 7;
  (*left_)->HearHint(forged);
  EXPECT_TRUE(left_->Serves());
  forged = (*right_)->claim();
  forged.cluster_id += 1;
  (*left_)->HearHint(forged);
  (*left_)->Hear("right", forged);
  EXPECT_EQ(asked, 1) << "of another cluster";
  EXPECT_TRUE(left_->Serves());
}

TEST_F(TwoDatabases, AnOldClaimOfTheOwnHistoryIsNoContradiction) {
  Split();
  const Claim old = (*left_)->claim();
  for (int i = 0; i < 1500; ++i) left_->Put("more than memory tells apart");
  Claim never = old;
  never.nonce[0] ^= 1;
  (*left_)->Hear("late", old);
  EXPECT_TRUE(left_->Serves());
  // Where memory does not tell, the database does.
  (*left_)->Hear("other", never);
  while (left_->Get().starts_with("more"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(left_->Serves());
  // What is not kept any more tells nothing.
  tables_->ForgetBatchesBefore(tables_->newest_seq());
  while (!left_->Serves()) {
  }
}

TEST_F(TwoDatabases, ABatchThatAnotherServerHasReadAlreadyIsLookedForFirst) {
  left_ = std::make_unique<Server>(tables_, options_);
  right_ = std::make_unique<Server>(tables_, options_);
  for (int i = 0; i < 300; ++i) {
    right_->Put(std::to_string(i));
    TellLeft();
    EXPECT_EQ(left_->Get(), std::to_string(i));
    TellRight();
  }
}

// A commit that one server alone has seen is lost: the others, whose memory ends before it, go on
// to find all that they know in the database.
class LostCommit : public TwoDatabases {
 protected:
  void Lose() {
    left_ = std::make_unique<Server>(tables_, options_);
    left_->Put("kept");
    const int64_t seq = tables_->newest_seq();
    lost_ = left_->Put("lost");
    witness_ = (*left_)->claim();
    left_ = nullptr;
    tables_->LoseAfter(seq);
    witness_.stands = false;
    right_ = std::make_unique<Server>(tables_, options_);
    right_->Put("in its place");
  }

  int64_t lost_ = 0;
  Claim witness_;
};

TEST_F(LostCommit, OfAnotherServerEndsThisOneToo) {
  Lose();
  (*right_)->Hear("left", witness_);
  EXPECT_FALSE(right_->Serves());
  EXPECT_THAT(std::string(right_->AwaitFatal().message()), HasSubstr("lost commits"));
}

TEST_F(LostCommit, OfAnotherServerHasAnotherHistoryBeginWhereAskedFor) {
  options_.on_lost_history = LostHistory::kBump;
  Lose();
  (*right_)->Hear("left", witness_);
  EXPECT_FALSE(right_->Serves());
  while (!right_->Serves()) {
  }
  EXPECT_EQ((*right_)->term(), 2u);
  EXPECT_GT((*right_)->revision(), lost_ + 1000);
  EXPECT_EQ(right_->Get(), "in its place");
  EXPECT_TRUE(right_->fatal().ok());
}

}  // namespace
}  // namespace kvshim::store
