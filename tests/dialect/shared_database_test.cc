// What holds for every database that many servers write to at once.
#include "sql/shared_database.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <map>
#include <thread>

#include "base/strings.h"
#include "dialect/chain.h"
#include "dialect/products.h"

namespace kvshim::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EverySharedDatabase : public ::testing::TestWithParam<Product> {
 protected:
  EverySharedDatabase() {
    EXPECT_OK(first_->Prepare(chain_.genesis()));
    EXPECT_OK(second_->Prepare(chain_.genesis()));
  }

  SharedDatabase& first() { return *first_->shared(); }
  SharedDatabase& second() { return *second_->shared(); }

  // Grants leases.
  void Grant(std::vector<int64_t> ids) {
    for (const int64_t id : ids) chain_.projections.push_back(PutLease{id, 60});
    ASSERT_OK(chain_.Append(first()));
    chain_.projections.clear();
  }

  const std::unique_ptr<Place> place_ = GetParam().make();
  Chain chain_;
  const std::unique_ptr<Database> first_ = place_->MustOpen();
  const std::unique_ptr<Database> second_ = place_->MustOpen();
};

INSTANTIATE_TEST_SUITE_P(Dialect, EverySharedDatabase, SharedProducts(), ProductName);

std::map<int64_t, int64_t> Renew(SharedDatabase& database, std::vector<int64_t> ids) {
  std::map<int64_t, int64_t> renewed;
  EXPECT_OK(database.RenewLeases(
      ids, [&](const LeaseRecord& lease) { renewed[lease.id] = lease.renew; }));
  return renewed;
}

template <typename Result>
bool Waits(std::future<Result>& future) {
  return future.wait_for(milliseconds(300)) == std::future_status::timeout;
}

TEST_P(EverySharedDatabase, ManyServersMayPrepareOneEmptyDatabaseAtOnce) {
  const auto place = GetParam().make();
  std::vector<Chain> chains(10);
  std::vector<std::unique_ptr<Database>> databases;
  for (size_t i = 0; i < chains.size(); ++i) databases.push_back(place->MustOpen());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < chains.size(); ++i) {
    threads.emplace_back([&, i] { EXPECT_OK(databases[i]->Prepare(chains[i].genesis())); });
  }
  for (std::thread& thread : threads) thread.join();
  const Head head = HeadIn(*databases[0]);
  EXPECT_EQ(head.seq, 1);
  int winners = 0;
  for (size_t i = 0; i < chains.size(); ++i) {
    EXPECT_EQ(HeadIn(*databases[i]), head);
    winners += head == HeadOf(chains[i]) ? 1 : 0;
  }
  EXPECT_EQ(winners, 1);
  EXPECT_THAT(place->Query("SELECT id FROM kv_lock"), ElementsAre("1"));
  EXPECT_THAT(place->Query("SELECT id FROM kv_owner"), ElementsAre("1"));
}

TEST_P(EverySharedDatabase, AServerThatComesSecondIsToldOfAConflictAndGoesOnFromTheNewHead) {
  Chain rival = chain_;
  ASSERT_OK(chain_.Append(first(), {Put(2, "a", "first")}));
  EXPECT_EQ(KindOf(rival.Append(second(), {Put(2, "a", "second")})), ErrorKind::kConflict);
  EXPECT_EQ(HeadIn(second()), HeadOf(chain_));
  EXPECT_EQ(RowsIn(second()), (std::vector{Put(2, "a", "first")}));
  EXPECT_OK(chain_.Append(second(), {Put(3, "a", "second")}));
  EXPECT_EQ(HeadIn(first()), HeadOf(chain_));
}

TEST_P(EverySharedDatabase, RivalsThatAppendAtOnceMakeOneChain) {
  constexpr int kServers = 4;
  constexpr int kAppends = 25;
  std::vector<std::unique_ptr<Database>> databases;
  for (int i = 0; i < kServers; ++i) databases.push_back(place_->MustOpen());
  std::vector<std::thread> threads;
  for (int i = 0; i < kServers; ++i) {
    threads.emplace_back([&, i] {
      Database& database = *databases[static_cast<size_t>(i)];
      for (int done = 0; done < kAppends;) {
        const Head head = HeadIn(database);
        Chain chain;
        while (chain.seq() < head.seq) chain.Advance(head.nonce, head.revision);
        if (chain.nonce() != head.nonce) chain = chain_;
        const absl::Status status = chain.Append(
            database, {Put(head.revision + 1, base::Concat("server", i), base::Concat(done))});
        if (status.ok()) {
          ++done;
        } else {
          ASSERT_EQ(KindOf(status), ErrorKind::kConflict) << status;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(HeadIn(first()).seq, 1 + kServers * kAppends);
  std::map<std::string, int> next;
  int64_t revision = 1;
  for (const StoredRow& row : RowsIn(first())) {
    EXPECT_EQ(row.id.revision, ++revision);
    EXPECT_EQ(row.value, base::Concat(next[row.key]++));
  }
  EXPECT_EQ(revision, 1 + kServers * kAppends);
  EXPECT_THAT(next, SizeIs(kServers));
}

TEST_P(EverySharedDatabase, ATurnKeepsOtherAppendsWaitingAndThenTheyConflict) {
  Chain rival = chain_;
  ASSERT_OK(first().Lock());
  auto waiting = std::async(std::launch::async,
                            [&] { return rival.Append(second(), {Put(2, "a", "second")}); });
  EXPECT_TRUE(Waits(waiting));
  ASSERT_OK(chain_.Append(first(), {Put(2, "a", "first")}));
  EXPECT_EQ(KindOf(waiting.get()), ErrorKind::kConflict);
  EXPECT_EQ(RowsIn(second()), (std::vector{Put(2, "a", "first")}));
  // The turn ended with the append.
  EXPECT_OK(chain_.Append(second(), {Put(3, "a", "second")}));
}

TEST_P(EverySharedDatabase, ATurnGivenBackLetsTheNextAppendThrough) {
  ASSERT_OK(first().Lock());
  auto waiting = std::async(std::launch::async,
                            [&] { return chain_.Append(second(), {Put(2, "a", "second")}); });
  EXPECT_TRUE(Waits(waiting));
  first().Unlock();
  EXPECT_OK(waiting.get());
  EXPECT_EQ(HeadIn(first()), HeadOf(chain_));
  first().Unlock();
}

TEST_P(EverySharedDatabase, WhatIsReadInATurnIsTheNewest) {
  ASSERT_OK(chain_.Append(second(), {Put(2, "a", "1")}));
  ASSERT_OK(first().Lock());
  EXPECT_EQ(HeadIn(first()), HeadOf(chain_));
  ASSERT_OK(chain_.Append(first(), {Put(3, "a", "2")}));
}

TEST_P(EverySharedDatabase, AConflictInATurnEndsIt) {
  Chain behind = chain_;
  ASSERT_OK(chain_.Append(second(), {Put(2, "a", "1")}));
  ASSERT_OK(first().Lock());
  EXPECT_EQ(KindOf(behind.Append(first(), {Put(2, "a", "2")})), ErrorKind::kConflict);
  EXPECT_OK(chain_.Append(second(), {Put(3, "a", "2")}));
}

TEST_P(EverySharedDatabase, ATurnThatIsNotHadInTimeIsBusy) {
  const auto hasty = place_->MustOpen({.network = {.timeout = seconds(2)}});
  ASSERT_OK(first().Lock());
  EXPECT_EQ(KindOf(hasty->shared()->Lock()), ErrorKind::kBusy);
  first().Unlock();
  EXPECT_OK(hasty->shared()->Lock());
  EXPECT_OK(chain_.Append(*hasty));
}

TEST_P(EverySharedDatabase, TheTurnOfAServerThatFrozeEnds) {
  const auto frozen = place_->MustOpen({.network = {.timeout = seconds(1)}});
  ASSERT_OK(frozen->shared()->Lock());
  Chain late = chain_;
  EXPECT_OK(chain_.Append(first(), {Put(2, "a", "1")}));
  EXPECT_FALSE(late.Append(*frozen, {Put(2, "a", "late")}).ok());
  EXPECT_EQ(HeadIn(first()), HeadOf(chain_));
}

TEST_P(EverySharedDatabase, TheLimitOfATurnEndsWithIt) {
  const auto hasty = place_->MustOpen({.network = {.timeout = seconds(1)}});
  ASSERT_OK(hasty->shared()->Lock());
  ASSERT_OK(chain_.Append(*hasty, {Put(2, "a", "1")}));
  ASSERT_OK(hasty->shared()->Lock());
  hasty->shared()->Unlock();
  // As long as a turn may last: that of another.
  const auto other = place_->MustOpen({.network = {.timeout = seconds(1)}});
  ASSERT_OK(other->shared()->Lock());
  ASSERT_OK(chain_.Append(first(), {Put(3, "a", "2")}));
  EXPECT_OK(chain_.Append(*hasty, {Put(4, "a", "3")}));
}

TEST_P(EverySharedDatabase, LeasesLockedInATurnAreNotRenewedUntilItEnds) {
  Grant({5, 6, 7});
  ASSERT_EQ(Renew(second(), {5}), (std::map<int64_t, int64_t>{{5, 1}}));
  ASSERT_OK(first().Lock());
  std::map<int64_t, int64_t> locked;
  const std::vector<int64_t> ids = {5, 6, 99};
  ASSERT_OK(
      first().LockLeases(ids, [&](const LeaseRecord& lease) { locked[lease.id] = lease.renew; }));
  EXPECT_EQ(locked, (std::map<int64_t, int64_t>{{5, 1}, {6, 0}}));
  EXPECT_EQ(Renew(second(), {7}), (std::map<int64_t, int64_t>{{7, 1}}));

  auto waiting = std::async(std::launch::async, [&] { return Renew(second(), {5}); });
  EXPECT_TRUE(Waits(waiting));
  chain_.projections = {DropLease{5}};
  ASSERT_OK(chain_.Append(first()));
  EXPECT_THAT(waiting.get(), IsEmpty());
  EXPECT_EQ(Renew(second(), {6}), (std::map<int64_t, int64_t>{{6, 1}}));
}

TEST_P(EverySharedDatabase, RenewalsAreCountedWhoeverMakesThem) {
  Grant({1, 2});
  EXPECT_EQ(Renew(first(), {2, 1, 3}), (std::map<int64_t, int64_t>{{1, 1}, {2, 1}}));
  EXPECT_EQ(Renew(second(), {1}), (std::map<int64_t, int64_t>{{1, 2}}));
  EXPECT_THAT(Renew(second(), {}), IsEmpty());
  std::map<int64_t, int64_t> read;
  ASSERT_OK(first().ReadLeases([&](const LeaseRecord& lease) {
    EXPECT_EQ(lease.ttl, 60);
    read[lease.id] = lease.renew;
  }));
  EXPECT_EQ(read, (std::map<int64_t, int64_t>{{1, 2}, {2, 1}}));
}

TEST_P(EverySharedDatabase, ServersSeeEachOthersBeats) {
  ASSERT_TRUE(first().Beat({.id = 11, .name = "one", .urls = "http://a", .beat = 1}).ok());
  const auto members = second().Beat(
      {.id = 10, .name = "it's two", .urls = "http://b,http://c", .applied_seq = 5, .beat = 1});
  ASSERT_TRUE(members.ok()) << members.status();
  ASSERT_THAT(members->servers, SizeIs(2));
  EXPECT_EQ(members->servers[0].id, 10);
  EXPECT_EQ(members->servers[0].name, "it's two");
  EXPECT_EQ(members->servers[0].urls, "http://b,http://c");
  EXPECT_EQ(members->servers[0].applied_seq, 5);
  EXPECT_EQ(members->servers[1].name, "one");
  EXPECT_EQ(members->owner, OwnerRecord{});

  const auto later =
      first().Beat({.id = 11, .name = "one", .urls = "http://a", .applied_seq = 9, .beat = 2});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->servers[1].beat, 2);
  EXPECT_EQ(later->servers[1].applied_seq, 9);

  ASSERT_OK(second().RemoveServer(11, 1));  // it has beaten since
  ASSERT_OK(second().RemoveServer(10, 1));
  const auto left = first().Beat({.id = 11, .name = "one", .urls = "", .beat = 3});
  ASSERT_TRUE(left.ok()) << left.status();
  ASSERT_THAT(left->servers, SizeIs(1));
  EXPECT_EQ(left->servers[0].id, 11);
}

TEST_P(EverySharedDatabase, OfTwoServersOneBecomesTheOwner) {
  const OwnerRecord nobody;
  const OwnerRecord one{.server = 1, .term = 1, .beat = 0};
  const OwnerRecord two{.server = 2, .term = 1, .beat = 0};
  EXPECT_TRUE(*first().ReplaceOwner(nobody, one));
  EXPECT_FALSE(*second().ReplaceOwner(nobody, two));
  EXPECT_TRUE(*first().ReplaceOwner(one, one));
  const OwnerRecord beaten{.server = 1, .term = 1, .beat = 1};
  EXPECT_TRUE(*first().ReplaceOwner(one, beaten));
  EXPECT_FALSE(*second().ReplaceOwner(one, {.server = 2, .term = 2, .beat = 0}));
  EXPECT_TRUE(*second().ReplaceOwner(beaten, {.server = 2, .term = 2, .beat = 0}));
  EXPECT_EQ(second().Beat({.id = 2})->owner, (OwnerRecord{.server = 2, .term = 2, .beat = 0}));
}

TEST_P(EverySharedDatabase, LoadIsOneMomentWhileOthersAppendAndDelete) {
  std::vector<StoredRow> rows;
  for (int64_t revision = 2; revision < 1002; ++revision) rows.push_back(Put(revision, "k", "v"));
  ASSERT_OK(chain_.Append(first(), rows));
  chain_.compact_revision = chain_.gc_floor = 900;
  ASSERT_OK(chain_.Append(first()));
  const Head before = HeadOf(chain_);

  Loaded loaded;
  loaded.on_head = [&] {
    chain_.projections = {PutLease{1, 60}, PutMeta{"late", "yes"}};
    ASSERT_OK(chain_.Append(second(), {Put(1002, "new", "row")}));
    std::vector<RowId> ids;
    for (int64_t revision = 2; revision < 800; ++revision) ids.push_back({revision, 0});
    ASSERT_OK(second().DeleteRows(ids));
  };
  ASSERT_OK(first().Load(loaded));
  EXPECT_EQ(loaded.head, before);
  EXPECT_THAT(loaded.rows, SizeIs(1000));
  EXPECT_THAT(loaded.leases, IsEmpty());
  EXPECT_EQ(loaded.Meta("late"), "(none)");

  Loaded after;
  ASSERT_OK(first().Load(after));
  EXPECT_EQ(after.head, HeadOf(chain_));
  EXPECT_THAT(after.rows, SizeIs(203));
  EXPECT_THAT(after.leases, SizeIs(1));
}

// One call may find out that its connection is gone.
Head HeadAfterCut(Database& database) {
  database.ReadHead([](const BatchRecord&) {}).IgnoreError();
  return HeadIn(database);
}

TEST_P(EverySharedDatabase, CutConnectionsHealAtTheNextCall) {
  ASSERT_OK(chain_.Append(first(), {Put(2, "a", "1")}));
  for (int round = 0; round < 3; ++round) {
    place_->CutConnections();
    EXPECT_EQ(HeadAfterCut(first()), HeadOf(chain_));
    place_->CutConnections();
    absl::Status status = chain_.Append(first(), {Put(chain_.revision() + 1, "a", "2")});
    if (!status.ok()) {
      // Nothing was there to take it.
      ASSERT_THAT(KindOf(status), AnyOf(ErrorKind::kAmbiguous, ErrorKind::kIo)) << status;
      ASSERT_EQ(HeadAfterCut(second()), HeadOf(chain_));
      status = chain_.Append(first(), {Put(chain_.revision() + 1, "a", "2")});
    }
    ASSERT_OK(status);
  }
  EXPECT_EQ(HeadAfterCut(second()), HeadOf(chain_));
}

TEST_P(EverySharedDatabase, ATurnThatWasCutOffAppendsNothing) {
  ASSERT_OK(first().Lock());
  place_->CutConnections();
  Chain late = chain_;
  const absl::Status status = late.Append(first(), {Put(2, "a", "late")});
  EXPECT_THAT(KindOf(status), AnyOf(ErrorKind::kAmbiguous, ErrorKind::kIo)) << status;
  EXPECT_OK(chain_.Append(second(), {Put(2, "a", "next")}));
  EXPECT_EQ(RowsIn(first()), (std::vector{Put(2, "a", "next")}));
}

TEST_P(EverySharedDatabase, DisconnectedGoesOnThroughNewConnections) {
  ASSERT_OK(chain_.Append(first(), {Put(2, "a", "1")}));
  first().Disconnect();
  EXPECT_EQ(HeadIn(first()), HeadOf(chain_));
  EXPECT_OK(chain_.Append(first(), {Put(3, "a", "2")}));
}

TEST_P(EverySharedDatabase, AWrongPasswordIsRefusedWithoutShowingIt) {
  std::string dsn = place_->dsn();
  dsn.replace(dsn.find("secret"), 6, "wr0ng%21pass");
  const absl::Status status = place_->MustOpen(dsn)->Prepare(chain_.genesis());
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.ToString().find("wr0ng"), std::string::npos) << status;
}

// A port that takes connections and never answers.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { close(socket_); }
  int port() const { return port_; }

 private:
  int socket_;
  int port_ = 0;
};

TEST_P(EverySharedDatabase, AServerThatNeverAnswersIsGivenUpInTime) {
  const SilentPort silent;
  std::string dsn = place_->dsn();
  const size_t begin = dsn.find("127.0.0.1:") + 10;
  dsn.replace(begin, dsn.find_first_of(")/", begin) - begin, base::Concat(silent.port()));
  const auto database = place_->MustOpen(dsn, {.network = {.timeout = seconds(1)}});
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = database->ReadHead([](const BatchRecord&) {});
  EXPECT_EQ(KindOf(status), ErrorKind::kIo) << status;
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(4));
}

}  // namespace
}  // namespace kvshim::sql
