#include "etcd/wire.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "rpc.pb.h"

namespace kvshim::etcd {
namespace {

namespace pb = etcdserverpb;

const Header kHeader{.cluster_id = 1, .member_id = 2, .revision = 30, .raft_term = 4};

KeyValue Version(const std::string& key, const std::string& value) {
  return KeyValue::Make({.key = key,
                         .value = value,
                         .create_revision = 5,
                         .mod_revision = 6,
                         .version = 2,
                         .lease = LeaseId{7}});
}

// What a client of the generated classes reads.
template <typename Wire>
Wire Read(const rpc::Message& message) {
  Wire wire;
  EXPECT_TRUE(wire.ParseFromString(message.Flatten()));
  return wire;
}

TEST(Wire, RangeCarriesEveryFieldOfItsKeys) {
  // One value that is copied into the message and one that is shared with it.
  const std::string large(5000, 'v');
  RangeResponse response{
      .kvs = {Version("a", "small"), Version("b", large)}, .more = true, .count = 9};
  const auto wire = Read<pb::RangeResponse>(Encode(kHeader, response));
  EXPECT_EQ(wire.header().cluster_id(), 1u);
  EXPECT_EQ(wire.header().member_id(), 2u);
  EXPECT_EQ(wire.header().revision(), 30);
  EXPECT_EQ(wire.header().raft_term(), 4u);
  EXPECT_TRUE(wire.more());
  EXPECT_EQ(wire.count(), 9);
  ASSERT_EQ(wire.kvs_size(), 2);
  EXPECT_EQ(wire.kvs(0).key(), "a");
  EXPECT_EQ(wire.kvs(0).value(), "small");
  EXPECT_EQ(wire.kvs(0).create_revision(), 5);
  EXPECT_EQ(wire.kvs(0).mod_revision(), 6);
  EXPECT_EQ(wire.kvs(0).version(), 2);
  EXPECT_EQ(wire.kvs(0).lease(), 7);
  EXPECT_EQ(wire.kvs(1).value(), large);
}

TEST(Wire, PutAndDeleteCarryThePreviousVersions) {
  const auto put =
      Read<pb::PutResponse>(Encode(kHeader, PutResponse{.prev_kv = Version("a", "1")}));
  EXPECT_EQ(put.prev_kv().value(), "1");
  EXPECT_FALSE(Read<pb::PutResponse>(Encode(kHeader, PutResponse{})).has_prev_kv());
  const auto erase = Read<pb::DeleteRangeResponse>(
      Encode(kHeader, DeleteRangeResponse{.deleted = 2, .prev_kvs = {Version("a", "1")}}));
  EXPECT_EQ(erase.deleted(), 2);
  ASSERT_EQ(erase.prev_kvs_size(), 1);
  EXPECT_EQ(erase.prev_kvs(0).key(), "a");
}

TEST(Wire, TransactionAnswersEachOperationWithTheRevisionOnly) {
  TxnResponse response;
  response.succeeded = true;
  response.responses.emplace_back(RangeResponse{.revision = 29, .kvs = {Version("a", "1")}});
  response.responses.emplace_back(PutResponse{.revision = 30});
  response.responses.emplace_back(DeleteRangeResponse{.revision = 30, .deleted = 1});
  const auto wire = Read<pb::TxnResponse>(Encode(kHeader, response));
  EXPECT_TRUE(wire.succeeded());
  ASSERT_EQ(wire.responses_size(), 3);
  EXPECT_EQ(wire.responses(0).response_range().header().revision(), 29);
  EXPECT_EQ(wire.responses(0).response_range().header().cluster_id(), 0u);
  EXPECT_EQ(wire.responses(0).response_range().kvs(0).value(), "1");
  EXPECT_EQ(wire.responses(1).response_put().header().revision(), 30);
  EXPECT_EQ(wire.responses(2).response_delete_range().deleted(), 1);
}

// A length stands before each level: computed level by level this would never end.
TEST(Wire, TransactionsNestToEtcdsLimit) {
  TxnResponse innermost;
  innermost.responses.emplace_back(PutResponse{.revision = 3});
  for (int depth = 1; depth < 128; ++depth) {
    TxnResponse outer;
    outer.succeeded = depth % 2 == 0;
    outer.responses.emplace_back(std::make_unique<TxnResponse>(std::move(innermost)));
    innermost = std::move(outer);
  }
  const rpc::Message message = Encode(kHeader, innermost);
  EXPECT_GT(message.size(), 128u * 4);
  EXPECT_LT(message.size(), 128u * 20);
}

TEST(Wire, WatchResponseCarriesPartOfItsEventsAndSaysThatMoreFollow) {
  const watch::Event put(Version("a", "2"), Version("a", "1"));
  const watch::Event erase(KeyValue::Tombstone("b", 6, 1));
  const watch::Event* events[] = {&put, &erase};
  watch::Response response{
      .watch_id = WatchId{3}, .revision = 6, .events = events, .prev_kv = true};
  const auto whole = Read<pb::WatchResponse>(Encode(kHeader, response, 0, 2, false));
  ASSERT_EQ(whole.events_size(), 2);
  EXPECT_EQ(whole.watch_id(), 3);
  EXPECT_FALSE(whole.fragment());
  EXPECT_EQ(whole.events(0).kv().value(), "2");
  EXPECT_EQ(whole.events(0).prev_kv().value(), "1");
  EXPECT_EQ(whole.events(1).type(), mvccpb::Event::DELETE);
  EXPECT_EQ(whole.events(1).kv().key(), "b");
  EXPECT_EQ(whole.events(1).kv().mod_revision(), 6);
  const auto part = Read<pb::WatchResponse>(Encode(kHeader, response, 1, 2, true));
  ASSERT_EQ(part.events_size(), 1);
  EXPECT_TRUE(part.fragment());
}

TEST(Wire, WatchRefusalSaysWhy) {
  const watch::Response refused{.watch_id = kNoWatch,
                                .revision = 6,
                                .created = true,
                                .canceled = true,
                                .cancel_reason = "because"};
  const auto wire = Read<pb::WatchResponse>(Encode(kHeader, refused, 0, 0, false));
  EXPECT_EQ(wire.watch_id(), -1);
  EXPECT_TRUE(wire.created() && wire.canceled());
  EXPECT_EQ(wire.cancel_reason(), "because");
}

}  // namespace
}  // namespace kvshim::etcd
