#include "mvcc/write_batch.h"

#include <gtest/gtest.h>

#include "describe.h"
#include "mvcc/errors.h"
#include "store.h"

namespace kvshim::mvcc {
namespace {

const std::string kZero(1, '\0');
constexpr LeaseId kLease{7};

template <typename... Ops>
std::vector<RequestOp> Branch(Ops&&... ops) {
  std::vector<RequestOp> branch;
  (branch.emplace_back(std::forward<Ops>(ops)), ...);
  return branch;
}

std::unique_ptr<TxnRequest> Nested(TxnRequest request) {
  return std::make_unique<TxnRequest>(std::move(request));
}

const RangeResponse& RangeAt(const TxnResponse& response, size_t position) {
  return std::get<RangeResponse>(response.responses.at(position));
}

TEST(WriteBatch, AFirstPutCreatesTheKey) {
  Store store;
  EXPECT_EQ(store.Put({.key = "a", .value = "1"})->revision, 2);
  EXPECT_EQ(Describe(store.Range({.key = "a"}).kvs.at(0)),
            R"("a"="1" create 2 mod 2.0 version 1 lease 0)");
}

TEST(WriteBatch, APutRaisesTheVersionUntilTheKeyIsDeleted) {
  Store store;
  store.Put("a", "1");
  store.Put("a", "2");
  EXPECT_EQ(Describe(store.Range({.key = "a"}).kvs.at(0)),
            R"("a"="2" create 2 mod 3.0 version 2 lease 0)");
  store.Delete("a");
  store.Put("a", "3");
  EXPECT_EQ(Describe(store.Range({.key = "a"}).kvs.at(0)),
            R"("a"="3" create 5 mod 5.0 version 1 lease 0)");
}

TEST(WriteBatch, APutGivesThePreviousVersionOnlyWhereAsked) {
  Store store;
  EXPECT_FALSE(store.Put({.key = "a", .value = "1", .prev_kv = true})->prev_kv);
  EXPECT_FALSE(store.Put({.key = "a", .value = "2"})->prev_kv);
  EXPECT_EQ(store.Put({.key = "a", .value = "3", .prev_kv = true})->prev_kv.value(), "2");
}

TEST(WriteBatch, APutMayKeepTheValueOrTheLease) {
  Store store;
  store.leases.ids = {kLease};
  store.Put("a", "1", kLease);
  ASSERT_TRUE(store.Put({.key = "a", .value = "2", .ignore_lease = true}).ok());
  EXPECT_EQ(store.Range({.key = "a"}).kvs.at(0).lease(), kLease);
  ASSERT_TRUE(store.Put({.key = "a", .ignore_value = true}).ok());
  const KeyValue kv = store.Range({.key = "a"}).kvs.at(0);
  EXPECT_EQ(kv.value(), "2");
  EXPECT_EQ(kv.lease(), kNoLease) << "a put without a lease detaches the key";
}

TEST(WriteBatch, KeepingNeedsTheKey) {
  Store store;
  EXPECT_EQ(store.Put({.key = "a", .ignore_value = true}).status(), KeyNotFound());
  EXPECT_EQ(store.Put({.key = "a", .ignore_lease = true}).status(), KeyNotFound());
  store.Put("a", "1");
  store.Delete("a");
  EXPECT_EQ(store.Put({.key = "a", .ignore_value = true}).status(), KeyNotFound());
}

TEST(WriteBatch, AnUnknownLeaseIsRefusedAndNothingIsWritten) {
  Store store;
  EXPECT_EQ(store.Put({.key = "a", .lease = kLease}).status(), LeaseNotFound());
  EXPECT_EQ(store.index.revision(), 1);
  EXPECT_EQ(store.Range({.key = "a"}).count, 0);
}

TEST(WriteBatch, DeletingARangeTakesOneRevision) {
  Store store;
  for (const char* key : {"a", "b", "c"}) store.Put(key, key);
  const auto response = store.DeleteRange({.key = "a", .range_end = "c", .prev_kv = true});
  EXPECT_EQ(response->deleted, 2);
  EXPECT_EQ(response->revision, 5);
  EXPECT_EQ(Listed(response->prev_kvs), "a=a b=b");
  EXPECT_TRUE(store.log.at({5, 0}).is_tombstone());
  EXPECT_EQ(store.log.at({5, 1}).key(), "b");
  EXPECT_EQ(Listed(store.Range({.key = kZero, .range_end = kZero}).kvs), "c=c");
}

TEST(WriteBatch, DeletingNothingTakesNoRevision) {
  Store store;
  store.Put("a", "1");
  const auto response = store.DeleteRange({.key = "b", .range_end = kZero});
  EXPECT_EQ(response->deleted, 0);
  EXPECT_EQ(response->revision, 2);
  EXPECT_EQ(store.DeleteRange({.key = "z", .range_end = "a"})->deleted, 0);
  EXPECT_EQ(store.index.revision(), 2);
}

TEST(WriteBatch, ATxnTakesTheBranchItsComparesChoose) {
  Store store;
  const auto create = [&](const std::string& value) {
    TxnRequest request{.compare = {{.target = CompareTarget::kCreate, .key = "a"}}};
    request.success = Branch(PutRequest{.key = "a", .value = value});
    request.failure = Branch(RangeRequest{.key = "a"});
    return store.Txn(request);
  };
  EXPECT_TRUE(create("1")->succeeded);
  const auto second = create("2");
  EXPECT_FALSE(second->succeeded);
  EXPECT_EQ(Listed(RangeAt(*second, 0).kvs), "a=1");
  EXPECT_EQ(second->revision, 2);
}

TEST(WriteBatch, OperationsOfATxnSeeTheEarlierOnesAndShareARevision) {
  Store store;
  store.Put("a", "1");
  TxnRequest request;
  request.success =
      Branch(RangeRequest{.key = "a", .range_end = "z"}, PutRequest{.key = "b", .value = "2"},
             RangeRequest{.key = "a", .range_end = "z"}, DeleteRangeRequest{.key = "a"},
             RangeRequest{.key = "a", .range_end = "z"});
  const auto response = store.Txn(request);
  EXPECT_EQ(Listed(RangeAt(*response, 0).kvs), "a=1");
  EXPECT_EQ(RangeAt(*response, 0).revision, 2);
  EXPECT_EQ(Listed(RangeAt(*response, 2).kvs), "a=1 b=2");
  EXPECT_EQ(RangeAt(*response, 2).count, 2);
  EXPECT_EQ(RangeAt(*response, 2).revision, 3);
  EXPECT_EQ(Listed(RangeAt(*response, 4).kvs), "b=2");
  EXPECT_EQ(response->revision, 3);
  EXPECT_EQ(store.log.at({3, 0}).key(), "b");
  EXPECT_EQ(store.log.at({3, 1}).key(), "a");
}

TEST(WriteBatch, NestedComparesLookAtTheStateBeforeTheTxn) {
  Store store;
  TxnRequest inner{.compare = {{.target = CompareTarget::kVersion, .key = "a"}}};
  inner.success = Branch(PutRequest{.key = "b", .value = "a was not there"});
  TxnRequest outer;
  outer.success = Branch(PutRequest{.key = "a", .value = "1"}, Nested(std::move(inner)));
  const auto response = store.Txn(outer);
  const auto& nested = std::get<std::unique_ptr<TxnResponse>>(response->responses.at(1));
  EXPECT_TRUE(nested->succeeded);
  EXPECT_EQ(Listed(store.Range({.key = "b"}).kvs), "b=a was not there");
}

TEST(WriteBatch, ATxnThatFailsWritesNothing) {
  Store store;
  store.Put("z", "1");
  TxnRequest request;
  request.success = Branch(PutRequest{.key = "a"}, PutRequest{.key = "b", .ignore_value = true});
  EXPECT_EQ(store.Txn(request).status(), KeyNotFound());
  request.success = Branch(PutRequest{.key = "a"}, RangeRequest{.key = "z", .revision = 3});
  EXPECT_EQ(store.Txn(request).status(), FutureRevision());
  request.success = Branch(PutRequest{.key = "a"}, PutRequest{.key = "b", .lease = kLease});
  EXPECT_EQ(store.Txn(request).status(), LeaseNotFound());
  store.Put("z", "2");
  store.index.Compact(3);
  request.success = Branch(PutRequest{.key = "a"}, RangeRequest{.key = "z", .revision = 2});
  EXPECT_EQ(store.Txn(request).status(), Compacted());
  EXPECT_EQ(store.index.revision(), 3);
  EXPECT_EQ(store.Range({.key = "a"}).count, 0);
}

TEST(WriteBatch, ErrorsOfTheOtherBranchDoNotMatter) {
  Store store;
  TxnRequest request;
  request.success = Branch(PutRequest{.key = "a"});
  request.failure = Branch(PutRequest{.key = "b", .lease = kLease});
  EXPECT_TRUE(store.Txn(request).ok());
}

TEST(WriteBatch, ATxnReadsHistoryBesideItsOwnChanges) {
  Store store;
  store.Put("a", "1");
  store.Put("a", "2");
  TxnRequest request;
  request.success = Branch(PutRequest{.key = "a", .value = "3"},
                           RangeRequest{.key = "a", .revision = 2}, RangeRequest{.key = "a"});
  const auto response = store.Txn(request);
  EXPECT_EQ(Listed(RangeAt(*response, 1).kvs), "a=1");
  EXPECT_EQ(Listed(RangeAt(*response, 2).kvs), "a=3");
}

class Group : public testing::Test {
 protected:
  Group() {
    store.leases.ids = {kLease};
    store.Put("a", "1", kLease);
    store.Put("c", "1");
  }

  Store store;
  WriteBatch batch{3, store.leases};
  Values values;
};

TEST_F(Group, RequestsSeeTheOnesBeforeThem) {
  const Index::View view(store.index);
  EXPECT_EQ(batch.Put(view, {.key = "b", .value = "1"}, values)->revision, 4);
  EXPECT_EQ(batch.Put(view, {.key = "b", .value = "2", .prev_kv = true}, values)->prev_kv.value(),
            "1");
  EXPECT_EQ(batch.DeleteRange(view, {.key = "a", .range_end = "c"}, values)->deleted, 2);
  EXPECT_EQ(batch.Put(view, {.key = "a", .ignore_value = true}, values).status(), KeyNotFound());
  TxnRequest request;
  request.success = Branch(RangeRequest{.key = kZero, .range_end = kZero});
  const auto response = batch.Txn(view, request, values);
  EXPECT_EQ(Listed(RangeAt(*response, 0).kvs), "c=1");
  EXPECT_EQ(RangeAt(*response, 0).count, 1);
  EXPECT_EQ(batch.revision(), 6);
  EXPECT_EQ(batch.changes().size(), 4u);
}

TEST_F(Group, NothingShowsBeforeItIsApplied) {
  {
    const Index::View view(store.index);
    ASSERT_TRUE(batch.Put(view, {.key = "b"}, values).ok());
  }
  EXPECT_EQ(store.Range({.key = "b"}).count, 0);
  store.index.Apply(batch.changes(), batch.revision());
  EXPECT_EQ(store.Range({.key = "b"}).count, 1);
}

TEST_F(Group, ChangesKnowWhatTheyReplaced) {
  const Index::View view(store.index);
  ASSERT_TRUE(batch.Put(view, {.key = "a", .value = "2"}, values).ok());
  ASSERT_TRUE(batch.Put(view, {.key = "b", .value = "3"}, values).ok());
  ASSERT_TRUE(batch.DeleteRange(view, {.key = "a"}, values).ok());
  ASSERT_EQ(batch.previous().size(), 3u);
  EXPECT_EQ(batch.previous()[0].value(), "1");
  EXPECT_FALSE(batch.previous()[1]);
  EXPECT_EQ(batch.previous()[2].value(), "2");
}

TEST_F(Group, RollingBackLeavesTheRequestsBefore) {
  const Index::View view(store.index);
  ASSERT_TRUE(batch.Put(view, {.key = "a", .value = "2"}, values).ok());
  const size_t bytes = batch.bytes();
  const WriteBatch::Mark mark = batch.mark();
  ASSERT_TRUE(batch.Put(view, {.key = "a", .value = "3"}, values).ok());
  ASSERT_TRUE(batch.DeleteRange(view, {.key = kZero, .range_end = kZero}, values).ok());
  batch.RollBack(mark);
  EXPECT_EQ(batch.revision(), 4);
  EXPECT_EQ(batch.bytes(), bytes);
  EXPECT_EQ(Listed(batch.changes()), "a=2");
  EXPECT_EQ(batch.Put(view, {.key = "a", .value = "4", .prev_kv = true}, values)->prev_kv.value(),
            "2");
  EXPECT_EQ(batch.Put(view, {.key = "c", .value = "4", .prev_kv = true}, values)->prev_kv.value(),
            "1");
}

TEST_F(Group, RollingBackToTheBeginningLeavesNothing) {
  const Index::View view(store.index);
  const WriteBatch::Mark mark = batch.mark();
  ASSERT_TRUE(batch.Put(view, {.key = "b"}, values).ok());
  batch.RollBack(mark);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0u);
  EXPECT_EQ(batch.Put(view, {.key = "b", .ignore_lease = true}, values).status(), KeyNotFound());
}

TEST_F(Group, RevokingDeletesTheKeysAttachedInOneRevision) {
  const Index::View view(store.index);
  ASSERT_TRUE(batch.Put(view, {.key = "b", .lease = kLease}, values).ok());
  batch.DeleteKeysOf(view, kLease, values);
  EXPECT_EQ(batch.revision(), 5);
  ASSERT_EQ(batch.changes().size(), 3u);
  EXPECT_EQ(Describe(batch.changes()[1]), R"("a"="" create 0 mod 5.0 version 0 lease 0)");
  EXPECT_EQ(Describe(batch.changes()[2]), R"("b"="" create 0 mod 5.1 version 0 lease 0)");
}

TEST_F(Group, RevokingLeavesKeysThatWereDetachedBefore) {
  const Index::View view(store.index);
  ASSERT_TRUE(batch.Put(view, {.key = "a", .value = "mine"}, values).ok());
  batch.DeleteKeysOf(view, kLease, values);
  EXPECT_EQ(Listed(batch.changes()), "a=mine");
  EXPECT_EQ(batch.revision(), 4) << "nothing was deleted, so no revision was taken";
}

TEST(WriteBatch, PlainWritesNeedNoValues) {
  Store store(0);
  store.leases.ids = {kLease};
  store.Put("a", "1", kLease);
  store.Put("a", "2", kLease);
  store.Delete("a");
  store.Put("a", "3");
  EXPECT_EQ(store.fetches, 0);
  EXPECT_EQ(store.Put({.key = "a", .value = "4", .prev_kv = true})->prev_kv.value(), "3");
  EXPECT_EQ(store.fetches, 1);
}

}  // namespace
}  // namespace kvshim::mvcc
