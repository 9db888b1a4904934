#include "lease/lease_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mvcc/errors.h"

namespace kvshim::lease {
namespace {

class LeaseBatchTest : public ::testing::Test {
 protected:
  base::FakeClock clock_;
  Lessor lessor_{clock_, 1};
  LeaseBatch batch_{lessor_};
};

TEST_F(LeaseBatchTest, LaterRequestsSeeTheGrantsAndRevokesOfTheBatch) {
  lessor_.ApplyGrant({.id = LeaseId{1}, .ttl = 10});
  EXPECT_TRUE(batch_.Exists(LeaseId{1}));
  EXPECT_TRUE(batch_.Revoke(LeaseId{1}).ok());
  EXPECT_FALSE(batch_.Exists(LeaseId{1}));
  EXPECT_EQ(batch_.Revoke(LeaseId{1}), mvcc::LeaseNotFound());
  EXPECT_TRUE(batch_.Grant({.ttl = 20, .id = LeaseId{1}}).ok());
  EXPECT_EQ(batch_.Grant({.ttl = 20, .id = LeaseId{1}}).status(), mvcc::LeaseExists());
  EXPECT_TRUE(batch_.Grant({.ttl = 20, .id = LeaseId{2}}).ok());
  EXPECT_TRUE(batch_.Exists(LeaseId{2}));
  EXPECT_FALSE(lessor_.Exists(LeaseId{2}));
  EXPECT_EQ(lessor_.Find(LeaseId{1}).ttl, 10);
}

TEST_F(LeaseBatchTest, ChangesKeepTheirOrder) {
  lessor_.ApplyGrant({.id = LeaseId{1}, .ttl = 10});
  ASSERT_TRUE(batch_.Revoke(LeaseId{1}).ok());
  ASSERT_TRUE(batch_.Grant({.ttl = 20, .id = LeaseId{1}}).ok());
  ASSERT_EQ(batch_.changes().size(), 2u);
  EXPECT_TRUE(batch_.changes()[0].revoke);
  EXPECT_EQ(batch_.changes()[1].lease.ttl, 20);
}

TEST_F(LeaseBatchTest, BatchThrownAwayLeavesNoTrace) {
  {
    LeaseBatch batch(lessor_);
    ASSERT_TRUE(batch.Grant({.ttl = 20, .id = LeaseId{2}}).ok());
  }
  EXPECT_EQ(lessor_.size(), 0u);
}

TEST_F(LeaseBatchTest, RequestUndoneLeavesTheEarlierOnes) {
  ASSERT_TRUE(batch_.Grant({.ttl = 20, .id = LeaseId{1}}).ok());
  const size_t mark = batch_.changes().size();
  ASSERT_TRUE(batch_.Revoke(LeaseId{1}).ok());
  ASSERT_TRUE(batch_.Grant({.ttl = 20, .id = LeaseId{2}}).ok());
  batch_.Truncate(mark);
  EXPECT_TRUE(batch_.Exists(LeaseId{1}));
  EXPECT_FALSE(batch_.Exists(LeaseId{2}));
}

TEST_F(LeaseBatchTest, RandomIdsAvoidThoseOfTheBatch) {
  // The lessor's next random id, taken by the batch under way.
  base::FakeClock clock;
  Lessor twin(clock, 1);
  const LeaseId next = twin.CheckGrant({.ttl = 5})->id;
  ASSERT_TRUE(batch_.Grant({.ttl = 5, .id = next}).ok());
  const auto grant = batch_.Grant({.ttl = 5});
  ASSERT_TRUE(grant.ok());
  EXPECT_NE(grant->id, next);
}

TEST_F(LeaseBatchTest, ExpiredLeaseIsRevokedOnlyWhereNoKeepAliveCameSince) {
  lessor_.ApplyGrant({.id = LeaseId{1}, .ttl = 10});
  lessor_.ApplyGrant({.id = LeaseId{2}, .ttl = 10});
  clock_.Advance(std::chrono::seconds(10));
  const auto expired = lessor_.TakeExpired(clock_.Now(), 10);
  ASSERT_EQ(expired.size(), 2u);
  lessor_.ApplyRenewal({.id = expired[0].id, .renew = 1});
  EXPECT_FALSE(batch_.RevokeExpired(expired[0]));
  EXPECT_TRUE(batch_.RevokeExpired(expired[1]));
  EXPECT_FALSE(batch_.RevokeExpired(expired[1]));
}

}  // namespace
}  // namespace kvshim::lease
