#include "remote/remote_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd_fixture.h"

namespace kvshim::remote {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RemoteStoreTest : public EtcdFixture {
 protected:
  std::unique_ptr<Store> store_ = Connect(first_->url());
};

TEST_F(RemoteStoreTest, KeysAreWrittenReadAndDeleted) {
  const auto put = store_->Put(PutRequest{.key = "a", .value = "1"});
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->revision, 2);
  const auto again = store_->Put(PutRequest{.key = "a", .value = "2", .prev_kv = true});
  EXPECT_EQ(again->prev_kv.value(), "1");
  const auto range = store_->Range(RangeRequest{.key = "a", .range_end = "b", .revision = 2});
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->revision, 3);
  EXPECT_EQ(range->count, 1);
  EXPECT_EQ(range->kvs[0].value(), "1");
  EXPECT_EQ(range->kvs[0].mod_revision(), 2);
  const auto removed = store_->DeleteRange(DeleteRangeRequest{.key = "a", .prev_kv = true});
  EXPECT_EQ(removed->deleted, 1);
  EXPECT_EQ(removed->prev_kvs[0].value(), "2");
  EXPECT_EQ(store_->Status().revision, 4);
}

TEST_F(RemoteStoreTest, TransactionsNest) {
  TxnRequest inner;
  inner.compare.push_back({.target = CompareTarget::kCreate, .key = "a"});
  inner.success.emplace_back(PutRequest{.key = "a", .value = "1"});
  inner.success.emplace_back(RangeRequest{.key = "a"});
  TxnRequest outer;
  outer.success.emplace_back(std::make_unique<TxnRequest>(std::move(inner)));
  const auto done = store_->Txn(std::move(outer));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(done->succeeded);
  const auto& nested = *std::get<std::unique_ptr<TxnResponse>>(done->responses[0]);
  EXPECT_TRUE(nested.succeeded);
  EXPECT_EQ(std::get<RangeResponse>(nested.responses[1]).kvs[0].value(), "1");
}

TEST_F(RemoteStoreTest, ErrorsKeepTheirCodes) {
  EXPECT_EQ(store_->Put(PutRequest{.key = ""}).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(store_->Put(PutRequest{.key = "a"}).ok());
  ASSERT_TRUE(store_->Put(PutRequest{.key = "a"}).ok());
  ASSERT_TRUE(store_->Compact({.revision = 3}).ok());
  const auto compacted = store_->Range(RangeRequest{.key = "a", .revision = 2});
  EXPECT_EQ(compacted.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(compacted.status().message()), HasSubstr("has been compacted"));
}

TEST_F(RemoteStoreTest, LeasesAreGrantedKeptAndRevoked) {
  const auto granted = store_->LeaseGrant({.ttl = 100});
  ASSERT_TRUE(granted.ok()) << granted.status();
  ASSERT_TRUE(store_->Put(PutRequest{.key = "a", .lease = granted->id}).ok());
  EXPECT_EQ(store_->LeaseKeepAlive(granted->id)->ttl, 100);
  const auto left = store_->LeaseTimeToLive(granted->id, true);
  EXPECT_EQ(left->granted_ttl, 100);
  EXPECT_THAT(left->keys, ElementsAre("a"));
  ASSERT_TRUE(store_->LeaseRevoke(granted->id).ok());
  EXPECT_EQ(store_->Range(RangeRequest{.key = "a"})->count, 0);
  EXPECT_EQ(store_->LeaseKeepAlive(granted->id)->ttl, 0);
}

TEST_F(RemoteStoreTest, AnotherServerIsAskedWhereOneIsAway) {
  const auto store = Connect("http://127.0.0.1:1," + BothUrls());
  ASSERT_TRUE(store->Put(PutRequest{.key = "a", .value = "1"}).ok());
  first_->Cut();
  EXPECT_EQ(store->Range(RangeRequest{.key = "a"})->kvs[0].value(), "1");
  EXPECT_TRUE(store->Put(PutRequest{.key = "a", .value = "2"}).ok());
  second_->Cut();
  first_->Restore();
  EXPECT_EQ(store->Range(RangeRequest{.key = "a"})->kvs[0].value(), "2");
}

TEST_F(RemoteStoreTest, WhereNobodyAnswersThatIsSaid) {
  first_->Cut();
  const auto failed =
      Store::Connect(first_->url(), {.database_timeout = std::chrono::milliseconds(200)});
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(failed.status().message()),
              HasSubstr("no etcd answers at " + first_->url()));
}

TEST_F(RemoteStoreTest, ServersOfAnotherClusterAreNotBelieved) {
  const auto foreign = *Store::Open("sqlite://" + directory_.File("other.db"), {});
  const auto other = Serve(*foreign);
  const auto store = Connect(first_->url() + "," + other->client_urls().front());
  ASSERT_TRUE(store->Put(PutRequest{.key = "a"}).ok());
  first_->Cut();
  const absl::Status status = store->Range(RangeRequest{.key = "a"}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("belong to different clusters"));
}

}  // namespace
}  // namespace kvshim::remote
