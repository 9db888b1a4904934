#include "store/lease_keeper.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace kvshim::store {
namespace {

using std::chrono::seconds;

// A keeper whose proposals are committed when the test says so, to an index without a log.
class LeaseKeeperTest : public ::testing::Test {
 protected:
  LeaseKeeperTest() { keeper_.Start(); }
  ~LeaseKeeperTest() override { timers_.Stop(); }

  void Pass(base::Duration time) {
    clock_.Advance(time);
    timers_.RunDue();
  }

  void Grant(int64_t id, int64_t ttl) { lessor_.ApplyGrant({.id = LeaseId{id}, .ttl = ttl}); }

  void Commit() {
    std::vector<std::unique_ptr<Proposal>> proposals = std::exchange(proposals_, {});
    for (auto& proposal : proposals) {
      OpenBatch batch{.writes = mvcc::WriteBatch(index_.revision(), batch.leases),
                      .leases = lease::LeaseBatch(lessor_)};
      mvcc::Values values;
      {
        mvcc::Index::View view(index_);
        proposal->Evaluate(batch, view, values);
      }
      index_.Apply(batch.writes.changes(), batch.writes.revision());
      std::vector<log::Op> ops;
      for (const lease::LeaseChange& change : batch.leases.changes()) {
        lessor_.ApplyRevoke(change.lease.id);
        ops.emplace_back(log::LeaseRevoke{.id = change.lease.id});
      }
      keeper_.Applied(ops);
      proposal->Answer(absl::OkStatus());
    }
  }

  void Attach(int64_t id, const std::string& key) {
    const int64_t revision = index_.revision() + 1;
    index_.Apply(std::vector{KeyValue::Make({.key = key,
                                             .create_revision = revision,
                                             .mod_revision = revision,
                                             .version = 1,
                                             .lease = LeaseId{id}})},
                 revision);
  }

  std::optional<int64_t> KeepAlive(int64_t id) {
    auto ttl = std::make_shared<std::optional<int64_t>>();
    keeper_.KeepAlive(LeaseId{id}, [ttl](absl::StatusOr<LeaseKeepAliveResponse> response) {
      if (response.ok()) *ttl = response->ttl;
    });
    answer_ = ttl;
    return *ttl;
  }

  base::FakeClock clock_;
  lease::Lessor lessor_{clock_};
  mvcc::Index index_{1 << 20};
  base::MetricsRegistry metrics_;
  base::Executor timers_{{.name = "timers", .threads = 1, .clock = &clock_}};
  std::vector<std::unique_ptr<Proposal>> proposals_;
  bool owner_ = true;
  LeaseKeeper keeper_{
      lessor_,
      index_,
      timers_,
      clock_,
      metrics_,
      [this](std::unique_ptr<Proposal> proposal) { proposals_.push_back(std::move(proposal)); },
      [this] { return owner_; }};
  std::shared_ptr<std::optional<int64_t>> answer_;
};

TEST_F(LeaseKeeperTest, ALeaseEndsAfterItsTimeWithItsKeysInOneRevision) {
  Grant(7, 10);
  Attach(7, "a");
  Attach(7, "b");
  const int64_t revision = index_.revision();
  Pass(seconds(9));
  EXPECT_TRUE(proposals_.empty());
  Pass(seconds(2));
  ASSERT_EQ(proposals_.size(), 1u);
  Commit();
  EXPECT_FALSE(lessor_.Exists(LeaseId{7}));
  EXPECT_EQ(index_.revision(), revision + 1);
  EXPECT_EQ(index_.stats().keys, 0);
}

TEST_F(LeaseKeeperTest, AKeepAliveGivesTheFullTimeAgain) {
  Grant(7, 10);
  Pass(seconds(8));
  EXPECT_EQ(KeepAlive(7), 10);
  Pass(seconds(8));
  EXPECT_TRUE(proposals_.empty());
  Pass(seconds(3));
  EXPECT_EQ(proposals_.size(), 1u);
}

TEST_F(LeaseKeeperTest, AKeepAliveOfAnEndingLeaseWaitsUntilItIsGone) {
  Grant(7, 10);
  Pass(seconds(11));
  EXPECT_EQ(KeepAlive(7), std::nullopt);
  Commit();
  EXPECT_EQ(*answer_, 0);
  EXPECT_EQ(KeepAlive(7), 0);
}

TEST_F(LeaseKeeperTest, ARevokeThatFailedIsTriedAgain) {
  Grant(7, 10);
  Pass(seconds(11));
  ASSERT_EQ(proposals_.size(), 1u);
  proposals_[0]->Refuse(absl::UnavailableError("the database is away"));
  proposals_[0]->Answer(absl::OkStatus());
  proposals_.clear();
  EXPECT_TRUE(lessor_.Exists(LeaseId{7}));
  Pass(seconds(2));
  ASSERT_EQ(proposals_.size(), 1u);
  Commit();
  EXPECT_FALSE(lessor_.Exists(LeaseId{7}));
}

}  // namespace
}  // namespace kvshim::store
