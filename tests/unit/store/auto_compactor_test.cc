#include "store/auto_compactor.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvshim::store {
namespace {

using std::chrono::minutes;

class AutoCompactorTest : public ::testing::Test {
 protected:
  ~AutoCompactorTest() override { timers_.Stop(); }

  void Start(const StoreOptions& options) {
    compactor_ =
        std::make_unique<AutoCompactor>(index_, options, timers_, clock_, [this](int64_t revision) {
          compacted_.push_back(revision);
          index_.Compact(revision);
        });
    compactor_->Start();
  }

  // One revision a minute.
  void Pass(int count) {
    for (int i = 0; i < count; ++i) {
      const int64_t revision = index_.revision() + 1;
      index_.Apply(
          std::vector{KeyValue::Make(
              {.key = "k", .create_revision = revision, .mod_revision = revision, .version = 1})},
          revision);
      clock_.Advance(minutes(1));
      timers_.RunDue();
    }
  }

  base::FakeClock clock_;
  mvcc::Index index_{1 << 20};
  base::Executor timers_{{.name = "timers", .threads = 1, .clock = &clock_}};
  std::vector<int64_t> compacted_;
  std::unique_ptr<AutoCompactor> compactor_;
};

TEST_F(AutoCompactorTest, PeriodicKeepsTheRetentionAndCompactsOncePerRetention) {
  Start({.compaction_mode = CompactionMode::kPeriodic, .auto_compaction_retention = minutes(10)});
  Pass(9);
  EXPECT_TRUE(compacted_.empty());
  Pass(1);
  ASSERT_EQ(compacted_.size(), 0u);  // the revision of ten minutes ago is the first one
  Pass(10);
  ASSERT_EQ(compacted_.size(), 1u);
  const int64_t kept = index_.revision() - compacted_[0];
  EXPECT_GE(kept, 9);
  EXPECT_LE(kept, 20);
  Pass(30);
  EXPECT_GE(compacted_.size(), 3u);
  EXPECT_LE(compacted_.size(), 4u);
  EXPECT_GE(index_.revision() - compacted_.back(), 10);
}

TEST_F(AutoCompactorTest, RevisionKeepsTheLastOnes) {
  Start({.compaction_mode = CompactionMode::kRevision, .auto_compaction_revisions = 12});
  Pass(10);
  EXPECT_TRUE(compacted_.empty());
  Pass(10);
  ASSERT_FALSE(compacted_.empty());
  EXPECT_EQ(compacted_.back(), index_.revision() - 12);
}

TEST_F(AutoCompactorTest, OffCompactsNothing) {
  Start({});
  Pass(100);
  EXPECT_TRUE(compacted_.empty());
}

}  // namespace
}  // namespace kvshim::store
