#include "etcd/request_parser.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <variant>

#include "absl/strings/escaping.h"
#include "rpc/payload.h"
#include "unit/etcd/generated_decoder.h"

namespace kvshim::etcd {
namespace {

namespace pb = etcdserverpb;

TEST(RequestParser, RangeKeepsEveryOption) {
  pb::RangeRequest wire;
  wire.set_key("a");
  wire.set_range_end("b");
  wire.set_limit(3);
  wire.set_revision(4);
  wire.set_sort_order(pb::RangeRequest::DESCEND);
  wire.set_sort_target(pb::RangeRequest::MOD);
  wire.set_serializable(true);
  wire.set_keys_only(true);
  wire.set_count_only(true);
  wire.set_min_mod_revision(5);
  wire.set_max_mod_revision(6);
  wire.set_min_create_revision(7);
  wire.set_max_create_revision(8);
  RangeRequest request;
  ASSERT_TRUE(Parse(wire.SerializeAsString(), request));
  EXPECT_EQ(request.key, "a");
  EXPECT_EQ(request.range_end, "b");
  EXPECT_EQ(request.limit, 3);
  EXPECT_EQ(request.revision, 4);
  EXPECT_EQ(request.sort_order, SortOrder::kDescend);
  EXPECT_EQ(request.sort_target, SortTarget::kMod);
  EXPECT_TRUE(request.serializable && request.keys_only && request.count_only);
  EXPECT_EQ(request.min_mod_revision, 5);
  EXPECT_EQ(request.max_mod_revision, 6);
  EXPECT_EQ(request.min_create_revision, 7);
  EXPECT_EQ(request.max_create_revision, 8);
}

TEST(RequestParser, CompareTakesTheOperandOfItsTargetOnly) {
  pb::TxnRequest wire;
  pb::Compare& version = *wire.add_compare();
  version.set_target(pb::Compare::VERSION);
  version.set_version(9);
  pb::Compare& mismatched = *wire.add_compare();
  mismatched.set_target(pb::Compare::MOD);
  mismatched.set_version(9);  // not the operand of MOD
  pb::Compare& value = *wire.add_compare();
  value.set_target(pb::Compare::VALUE);
  value.set_result(pb::Compare::LESS);
  value.set_value("x");
  TxnRequest request;
  ASSERT_TRUE(Parse(wire.SerializeAsString(), request));
  ASSERT_EQ(request.compare.size(), 3u);
  EXPECT_EQ(request.compare[0].number, 9);
  EXPECT_EQ(request.compare[1].number, 0);
  EXPECT_FALSE(request.compare[1].has_operand);
  EXPECT_EQ(request.compare[2].value, "x");
  EXPECT_EQ(request.compare[2].result, CompareResult::kLess);
}

TEST(RequestParser, TransactionKeepsItsOperationsInOrderAndNested) {
  pb::TxnRequest wire;
  wire.add_success()->mutable_request_put()->set_key("p");
  pb::TxnRequest& nested = *wire.add_success()->mutable_request_txn();
  nested.add_failure()->mutable_request_delete_range()->set_key("d");
  wire.add_success();  // an operation without a request
  TxnRequest request;
  ASSERT_TRUE(Parse(wire.SerializeAsString(), request));
  ASSERT_EQ(request.success.size(), 3u);
  EXPECT_EQ(std::get<PutRequest>(request.success[0]).key, "p");
  const auto& inner = *std::get<std::unique_ptr<TxnRequest>>(request.success[1]);
  EXPECT_EQ(std::get<DeleteRangeRequest>(inner.failure.at(0)).key, "d");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(request.success[2]));
}

// Of bytes that are damaged in every way, the two readers make the same.
template <typename Wire, typename Request>
void ExpectAgreement(const Wire& example) {
  std::mt19937 random(1);
  const std::string whole = example.SerializeAsString();
  int sound = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = whole;
    for (unsigned edits = random() % 4; edits > 0 && !bytes.empty(); --edits) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 3);
          break;
        case 2:
          bytes.insert(at, 1, static_cast<char>(random()));
          break;
        default:  // a field that comes again
          bytes += whole.substr(at % whole.size(), random() % 20);
          break;
      }
    }
    Wire wire;
    Request request;
    const bool is_message = rpc::Payload(bytes).Parse(wire);
    ASSERT_EQ(Parse(bytes, request), is_message) << absl::CHexEscape(bytes);
    if (!is_message) continue;
    ++sound;
    ASSERT_EQ(Describe(request), Describe(Decode(wire))) << "round " << round;
  }
  EXPECT_GT(sound, 1000);
}

TEST(RequestParser, AgreesWithTheGeneratedClassesWhateverTheBytes) {
  pb::RangeRequest range;
  range.set_key("key");
  range.set_range_end("range end");
  range.set_limit(-3);
  range.set_revision(int64_t{1} << 40);
  range.set_sort_order(pb::RangeRequest::DESCEND);
  range.set_sort_target(pb::RangeRequest::MOD);
  range.set_serializable(true);
  range.set_min_mod_revision(300);
  ExpectAgreement<pb::RangeRequest, RangeRequest>(range);
  pb::PutRequest put;
  put.set_key("key");
  put.set_value(std::string(200, 'v'));
  put.set_lease(77);
  put.set_ignore_lease(true);
  ExpectAgreement<pb::PutRequest, PutRequest>(put);
  pb::DeleteRangeRequest erase;
  erase.set_key("key");
  erase.set_range_end("z");
  erase.set_prev_kv(true);
  ExpectAgreement<pb::DeleteRangeRequest, DeleteRangeRequest>(erase);
  pb::TxnRequest txn;
  pb::Compare& compare = *txn.add_compare();
  compare.set_key("key");
  compare.set_target(pb::Compare::MOD);
  compare.set_mod_revision(9);
  compare.set_range_end("z");
  pb::Compare& value = *txn.add_compare();
  value.set_target(pb::Compare::VALUE);
  value.set_value("x");
  *txn.add_success()->mutable_request_put() = put;
  *txn.add_success()->mutable_request_delete_range() = erase;
  *txn.add_failure()->mutable_request_range() = range;
  *txn.add_failure()->mutable_request_txn()->add_success()->mutable_request_put() = put;
  ExpectAgreement<pb::TxnRequest, TxnRequest>(txn);
}

TEST(RequestParser, TakesTransactionsAsDeepAsTheLimitAndNoDeeper) {
  const auto nested = [](int depth) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) {
      // request_txn of success, by hand: parsing it would meet protobuf's own limit.
      const auto field = [](int number, const std::string& content) {
        std::string out(1, static_cast<char>(number << 3 | 2));
        for (size_t size = content.size();; size >>= 7) {
          out += static_cast<char>(size < 0x80 ? size : size | 0x80);
          if (size < 0x80) break;
        }
        return out + content;
      };
      bytes = field(2, field(4, bytes));
    }
    TxnRequest request;
    return Parse(bytes, request);
  };
  EXPECT_TRUE(nested(900));
  EXPECT_FALSE(nested(1100));
}

}  // namespace
}  // namespace kvshim::etcd
