#include "lease/lessor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "mvcc/errors.h"

namespace kvshim::lease {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class LessorTest : public ::testing::Test {
 protected:
  void Grant(int64_t id, int64_t ttl) {
    const auto grant = lessor_.CheckGrant({.ttl = ttl, .id = LeaseId{id}});
    ASSERT_TRUE(grant.ok()) << grant.status();
    lessor_.ApplyGrant(*grant);
  }
  std::vector<int64_t> Expired(size_t limit = 1000) {
    std::vector<int64_t> ids;
    for (const LeaseRenewal& lease : lessor_.TakeExpired(clock_.Now(), limit)) {
      ids.push_back(static_cast<int64_t>(lease.id));
    }
    return ids;
  }

  base::FakeClock clock_;
  Lessor lessor_{clock_, 1};
};

TEST_F(LessorTest, GrantChecksTheRequestAsEtcdDoes) {
  EXPECT_EQ(lessor_.CheckGrant({.ttl = 9'000'000'001}).status(), mvcc::LeaseTtlTooLarge());
  EXPECT_EQ(lessor_.CheckGrant({.ttl = 9'000'000'000})->ttl, 9'000'000'000);
  EXPECT_EQ(lessor_.CheckGrant({.ttl = 1})->ttl, 2);
  EXPECT_EQ(lessor_.CheckGrant({.ttl = -5})->ttl, 2);
  Grant(7, 10);
  EXPECT_EQ(lessor_.CheckGrant({.ttl = 5, .id = LeaseId{7}}).status(), mvcc::LeaseExists());
}

TEST_F(LessorTest, NothingExistsBeforeTheCommit) {
  const auto grant = lessor_.CheckGrant({.ttl = 10, .id = LeaseId{7}});
  EXPECT_FALSE(lessor_.Exists(LeaseId{7}));
  lessor_.ApplyGrant(*grant);
  EXPECT_TRUE(lessor_.Exists(LeaseId{7}));
  EXPECT_EQ(lessor_.Find(LeaseId{7}), (LeaseGrant{.id = LeaseId{7}, .ttl = 10}));
}

TEST_F(LessorTest, RandomIdsArePositiveAndDiffer) {
  std::set<int64_t> ids;
  for (int i = 0; i < 1000; ++i) {
    const auto grant = lessor_.CheckGrant({.ttl = 10});
    lessor_.ApplyGrant(*grant);
    EXPECT_GT(static_cast<int64_t>(grant->id), 0);
    ids.insert(static_cast<int64_t>(grant->id));
  }
  EXPECT_EQ(ids.size(), 1000u);
}

TEST_F(LessorTest, EndsWhenItsTimeIsOverAndNotBefore) {
  Grant(1, 10);
  clock_.Advance(seconds(10) - milliseconds(1));
  EXPECT_THAT(Expired(), IsEmpty());
  clock_.Advance(milliseconds(1));
  EXPECT_THAT(Expired(), ElementsAre(1));
}

TEST_F(LessorTest, KeepAliveGivesTheFullTimeAgain) {
  Grant(1, 10);
  clock_.Advance(seconds(9));
  const KeepAliveOutcome outcome = lessor_.KeepAlive(LeaseId{1});
  EXPECT_EQ(outcome.result, KeepAliveResult::kRenewed);
  EXPECT_EQ(outcome.ttl, 10);
  EXPECT_EQ(outcome.renew, 1);
  clock_.Advance(seconds(9));
  EXPECT_THAT(Expired(), IsEmpty());
  EXPECT_EQ(lessor_.TimeToLive(LeaseId{1}).ttl, 1);
  clock_.Advance(seconds(1));
  EXPECT_THAT(Expired(), ElementsAre(1));
}

TEST_F(LessorTest, UnknownLeaseIsNotFound) {
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).result, KeepAliveResult::kNotFound);
  EXPECT_EQ(lessor_.TimeToLive(LeaseId{1}).ttl, -1);
  EXPECT_FALSE(lessor_.ApplyRevoke(LeaseId{1}));
}

TEST_F(LessorTest, EndedLeaseCannotBeKeptAliveAndHasNoTimeLeft) {
  Grant(1, 10);
  clock_.Advance(seconds(12));
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).result, KeepAliveResult::kEnding);
  EXPECT_EQ(lessor_.TimeToLive(LeaseId{1}).ttl, 0);
  EXPECT_EQ(lessor_.TimeToLive(LeaseId{1}).granted_ttl, 10);
  Expired();
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).result, KeepAliveResult::kEnding);
  lessor_.ApplyRevoke(LeaseId{1});
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).result, KeepAliveResult::kNotFound);
}

TEST_F(LessorTest, ExpiryIsProposedOnceAndComesBackIfTheCommitFails) {
  Grant(1, 10);
  clock_.Advance(seconds(10));
  EXPECT_THAT(Expired(), ElementsAre(1));
  EXPECT_THAT(Expired(), IsEmpty());
  EXPECT_EQ(lessor_.next_deadline(), base::TimePoint::max());
  lessor_.ReturnExpired(LeaseId{1}, clock_.Now() + seconds(3));
  EXPECT_EQ(lessor_.next_deadline(), clock_.Now() + seconds(3));
  EXPECT_THAT(Expired(), IsEmpty());
  clock_.Advance(seconds(3));
  EXPECT_THAT(Expired(), ElementsAre(1));
}

TEST_F(LessorTest, LeaseRenewedElsewhereWhileItsRevokeFailedLivesOn) {
  Grant(1, 10);
  clock_.Advance(seconds(10));
  Expired();
  lessor_.ApplyRenewal({.id = LeaseId{1}, .renew = 5});
  lessor_.ReturnExpired(LeaseId{1}, clock_.Now());
  EXPECT_THAT(Expired(), IsEmpty());
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).renew, 6);
  EXPECT_EQ(lessor_.next_deadline(), clock_.Now() + seconds(10));
}

TEST_F(LessorTest, OldRenewalChangesNothing) {
  Grant(1, 10);
  lessor_.KeepAlive(LeaseId{1});
  clock_.Advance(seconds(5));
  lessor_.ApplyRenewal({.id = LeaseId{1}, .renew = 1});
  EXPECT_EQ(lessor_.TimeToLive(LeaseId{1}).ttl, 5);
}

TEST_F(LessorTest, ExpiredOnesComeInTheOrderTheyEndedUpToTheLimit) {
  Grant(1, 30);
  Grant(2, 10);
  Grant(3, 20);
  EXPECT_THAT(lessor_.Leases(), ElementsAre(LeaseId{2}, LeaseId{3}, LeaseId{1}));
  clock_.Advance(seconds(60));
  EXPECT_THAT(Expired(2), ElementsAre(2, 3));
  EXPECT_THAT(Expired(2), ElementsAre(1));
}

TEST_F(LessorTest, NextDeadlineFollowsKeepAlivesAndRevokes) {
  EXPECT_EQ(lessor_.next_deadline(), base::TimePoint::max());
  Grant(1, 10);
  Grant(2, 20);
  const base::TimePoint start = clock_.Now();
  EXPECT_EQ(lessor_.next_deadline(), start + seconds(10));
  clock_.Advance(seconds(5));
  lessor_.KeepAlive(LeaseId{1});
  EXPECT_EQ(lessor_.next_deadline(), start + seconds(15));
  lessor_.ApplyRevoke(LeaseId{1});
  EXPECT_EQ(lessor_.next_deadline(), start + seconds(20));
}

TEST_F(LessorTest, RestoreGivesEveryLeaseItsFullTime) {
  Grant(9, 5);
  lessor_.Restore({{.id = LeaseId{1}, .ttl = 10, .renew = 3}, {.id = LeaseId{2}, .ttl = 20}});
  EXPECT_FALSE(lessor_.Exists(LeaseId{9}));
  EXPECT_EQ(lessor_.size(), 2u);
  clock_.Advance(seconds(9));
  EXPECT_THAT(Expired(), IsEmpty());
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).renew, 4);
  clock_.Advance(seconds(11));
  EXPECT_THAT(Expired(), ElementsAre(1, 2));
}

TEST_F(LessorTest, ExtendAllGivesEveryLeaseItsFullTime) {
  Grant(1, 10);
  clock_.Advance(seconds(9));
  lessor_.ExtendAll();
  clock_.Advance(seconds(9));
  EXPECT_THAT(Expired(), IsEmpty());
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).result, KeepAliveResult::kRenewed);
}

TEST_F(LessorTest, LongestTimeToLiveDoesNotOverflow) {
  Grant(1, 9'000'000'000);
  EXPECT_THAT(Expired(), IsEmpty());
  EXPECT_GE(lessor_.TimeToLive(LeaseId{1}).ttl, 8'999'999'999);
}

TEST_F(LessorTest, RevokedLeaseLeavesItsCounterBehind) {
  Grant(1, 10);
  lessor_.KeepAlive(LeaseId{1});
  lessor_.ApplyRevoke(LeaseId{1});
  Grant(1, 10);
  EXPECT_EQ(lessor_.KeepAlive(LeaseId{1}).renew, 1);
}

// Random grants, keepalives, revokes and failed expiries against a plain table.
TEST_F(LessorTest, AgreesWithAPlainTable) {
  std::mt19937 random(3);
  std::map<int64_t, std::pair<base::TimePoint, int64_t>> table;  // deadline, ttl
  for (int step = 0; step < 50000; ++step) {
    const int64_t id = 1 + random() % 200;
    const base::TimePoint now = clock_.Now();
    const bool live = table.contains(id);
    switch (random() % 6) {
      case 0: {
        const int64_t ttl = 2 + random() % 30;
        const auto grant = lessor_.CheckGrant({.ttl = ttl, .id = LeaseId{id}});
        ASSERT_EQ(grant.ok(), !live);
        if (!grant.ok()) break;
        lessor_.ApplyGrant(*grant);
        table[id] = {now + seconds(ttl), ttl};
        break;
      }
      case 1:
        ASSERT_EQ(lessor_.ApplyRevoke(LeaseId{id}), live);
        table.erase(id);
        break;
      case 2: {
        clock_.Advance(milliseconds(random() % 500));
        std::multimap<base::TimePoint, int64_t> over;
        for (const auto& [key, lease] : table) {
          if (lease.first <= clock_.Now()) over.emplace(lease.first, key);
        }
        const auto expired = Expired();
        ASSERT_EQ(expired.size(), over.size());
        base::TimePoint last = base::TimePoint::min();
        for (const int64_t key : expired) {
          ASSERT_GE(table.at(key).first, last);
          last = table.at(key).first;
          if (random() % 3 == 0) {
            lessor_.ReturnExpired(LeaseId{key}, last);
          } else {
            lessor_.ApplyRevoke(LeaseId{key});
            table.erase(key);
          }
        }
        break;
      }
      default: {
        const KeepAliveResult result = lessor_.KeepAlive(LeaseId{id}).result;
        if (!live) {
          ASSERT_EQ(result, KeepAliveResult::kNotFound);
        } else if (table[id].first <= now) {
          ASSERT_EQ(result, KeepAliveResult::kEnding);
        } else {
          ASSERT_EQ(result, KeepAliveResult::kRenewed);
          table[id].first = now + seconds(table[id].second);
        }
      }
    }
    ASSERT_EQ(lessor_.size(), table.size());
  }
}

TEST_F(LessorTest, HundredThousandLeasesAreKeptAliveAndEndInTime) {
  std::vector<LeaseGrant> stored;
  for (int64_t id = 1; id <= 100000; ++id) stored.push_back({.id = LeaseId{id}, .ttl = 60});
  lessor_.Restore(stored);
  for (int round = 0; round < 3; ++round) {
    clock_.Advance(seconds(30));
    for (int64_t id = 1; id <= 100000; ++id) {
      ASSERT_EQ(lessor_.KeepAlive(LeaseId{id}).result, KeepAliveResult::kRenewed);
    }
    ASSERT_THAT(Expired(), IsEmpty());
  }
  clock_.Advance(seconds(60));
  size_t expired = 0;
  for (size_t some = 1; some > 0; expired += some) some = Expired(1000).size();
  EXPECT_EQ(expired, 100000u);
}

}  // namespace
}  // namespace kvshim::lease
