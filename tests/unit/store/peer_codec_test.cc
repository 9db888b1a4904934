#include "store/peer_codec.h"

#include <gtest/gtest.h>

#include "store/peer_frames.h"

namespace kvshim::store {
namespace {

template <typename T>
std::string Written(T& value) {
  PeerWriter out;
  out(value);
  return std::move(out.bytes());
}

// What is read from what was written is written as the same bytes again.
template <typename T>
void ExpectSame(T& value) {
  const std::string bytes = Written(value);
  PeerReader in(bytes);
  T read;
  in(read);
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(Written(read), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    PeerReader cut(std::string_view(bytes).substr(0, size));
    T part;
    cut(part);
    EXPECT_FALSE(cut.ok()) << size << " bytes of " << bytes.size();
  }
}

TxnRequest Nested() {
  TxnRequest txn;
  txn.compare.push_back({.result = CompareResult::kLess,
                         .target = CompareTarget::kValue,
                         .key = "k",
                         .range_end = "l",
                         .number = -3,
                         .value = "v",
                         .has_operand = false});
  txn.success.emplace_back(
      PutRequest{.key = std::string("\0k", 2), .value = "v", .lease = LeaseId{7}, .prev_kv = true});
  txn.success.emplace_back(RangeRequest{.key = "a",
                                        .range_end = "b",
                                        .limit = 5,
                                        .revision = 9,
                                        .sort_order = SortOrder::kDescend,
                                        .sort_target = SortTarget::kMod,
                                        .serializable = true,
                                        .max_create_revision = INT64_MAX});
  txn.failure.emplace_back(DeleteRangeRequest{.key = "a", .range_end = "b", .prev_kv = true});
  txn.failure.emplace_back(std::monostate());
  return txn;
}

TEST(PeerCodec, CarriesATransactionWhole) {
  TxnRequest txn = Nested();
  txn.failure.emplace_back(std::make_unique<TxnRequest>(Nested()));
  ExpectSame(txn);
  const std::string bytes = Written(txn);
  PeerReader in(bytes);
  TxnRequest read;
  in(read);
  EXPECT_EQ(read.compare[0].number, -3);
  EXPECT_FALSE(read.compare[0].has_operand);
  EXPECT_EQ(std::get<PutRequest>(read.success[0]).key, std::string("\0k", 2));
  EXPECT_EQ(std::get<PutRequest>(read.success[0]).lease, LeaseId{7});
  EXPECT_EQ(std::get<RangeRequest>(read.success[1]).max_create_revision, INT64_MAX);
  EXPECT_TRUE(std::get<DeleteRangeRequest>(read.failure[0]).prev_kv);
  EXPECT_EQ(std::get<std::unique_ptr<TxnRequest>>(read.failure[2])->success.size(), 2u);
}

TEST(PeerCodec, CarriesAnswersWhole) {
  const KeyValue kv = KeyValue::Make({.key = "k",
                                      .value = std::string(1000, 'x'),
                                      .create_revision = 2,
                                      .mod_revision = 5,
                                      .version = 3,
                                      .lease = LeaseId{-1},
                                      .sub = 4});
  TxnResponse response{.revision = 9, .succeeded = true};
  response.responses.emplace_back(PutResponse{.revision = 9, .prev_kv = kv});
  response.responses.emplace_back(PutResponse{.revision = 9});
  response.responses.emplace_back(RangeResponse{.revision = 9, .kvs = {kv, kv}, .count = 4});
  response.responses.emplace_back(
      DeleteRangeResponse{.deleted = 1, .prev_kvs = {KeyValue::Tombstone("gone", 6, 1)}});
  ExpectSame(response);
  const std::string bytes = Written(response);
  PeerReader in(bytes);
  TxnResponse read;
  in(read);
  EXPECT_EQ(std::get<PutResponse>(read.responses[0]).prev_kv.wire(), kv.wire());
  EXPECT_EQ(std::get<PutResponse>(read.responses[0]).prev_kv.sub(), 4u);
  EXPECT_FALSE(std::get<PutResponse>(read.responses[1]).prev_kv);
  EXPECT_TRUE(std::get<DeleteRangeResponse>(read.responses[3]).prev_kvs[0].is_tombstone());
}

TEST(PeerCodec, DoesNotFollowTransactionsWithoutEnd) {
  TxnRequest txn;
  for (int depth = 0; depth < 1000; ++depth) {
    TxnRequest outer;
    outer.success.emplace_back(std::make_unique<TxnRequest>(std::move(txn)));
    txn = std::move(outer);
  }
  const std::string bytes = Written(txn);
  PeerReader in(bytes);
  TxnRequest read;
  in(read);
  EXPECT_FALSE(in.ok());
}

TEST(PeerCodec, DoesNotReserveWhatALengthOnlyPromises) {
  PeerReader in(std::string_view("\xff\xff\xff\xff", 4));
  std::vector<KeyValue> kvs;
  in(kvs);
  EXPECT_FALSE(in.ok());
  EXPECT_LT(kvs.capacity(), 100u);
}

TEST(PeerFrames, CarryABatchWhole) {
  log::Head head{.seq = 4, .epoch = 2, .revision = 17, .compact_revision = 3, .gc_floor = 2};
  head.nonce.fill('n');
  head.hash.fill('h');
  const std::vector<KeyValue> rows{
      KeyValue::Make(
          {.key = "k", .value = "v", .create_revision = 17, .mod_revision = 17, .version = 1}),
      KeyValue::Tombstone("l", 17, 1)};
  const std::vector<log::Op> ops{log::LeaseGrant{.id = LeaseId{5}, .ttl = 60}};
  const std::string frame =
      FrameOf({.writer = 42, .lineage = {.system = "7", .timeline = 3}}, head, rows, ops);
  PeerReader in(frame);
  FrameKind kind{};
  in(kind);
  EXPECT_EQ(kind, FrameKind::kBatch);
  const auto read = ReadBatch(in);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->by.writer, 42);
  EXPECT_EQ(read->by.lineage, (sql::Lineage{.system = "7", .timeline = 3}));
  EXPECT_EQ(read->batch.head, head);
  EXPECT_EQ(read->batch.ops, ops);
  ASSERT_EQ(read->batch.rows.size(), 2u);
  EXPECT_EQ(read->batch.rows[0].wire(), rows[0].wire());
  EXPECT_EQ(read->batch.rows[1].sub(), 1u);
}

}  // namespace
}  // namespace kvshim::store
