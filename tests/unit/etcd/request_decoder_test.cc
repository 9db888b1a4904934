#include "etcd/request_decoder.h"

#include <gtest/gtest.h>

#include <memory>
#include <variant>

namespace kvshim::etcd {
namespace {

namespace pb = etcdserverpb;

TEST(RequestDecoder, RangeKeepsEveryOption) {
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
  const RangeRequest request = Decode(wire);
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

TEST(RequestDecoder, CompareTakesTheOperandOfItsTargetOnly) {
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
  const TxnRequest request = Decode(wire);
  ASSERT_EQ(request.compare.size(), 3u);
  EXPECT_EQ(request.compare[0].number, 9);
  EXPECT_EQ(request.compare[1].number, 0);
  EXPECT_FALSE(request.compare[1].has_operand);
  EXPECT_EQ(request.compare[2].value, "x");
  EXPECT_EQ(request.compare[2].result, CompareResult::kLess);
}

TEST(RequestDecoder, TransactionKeepsItsOperationsInOrderAndNested) {
  pb::TxnRequest wire;
  wire.add_success()->mutable_request_put()->set_key("p");
  pb::TxnRequest& nested = *wire.add_success()->mutable_request_txn();
  nested.add_failure()->mutable_request_delete_range()->set_key("d");
  wire.add_success();  // an operation without a request
  const TxnRequest request = Decode(wire);
  ASSERT_EQ(request.success.size(), 3u);
  EXPECT_EQ(std::get<PutRequest>(request.success[0]).key, "p");
  const auto& inner = *std::get<std::unique_ptr<TxnRequest>>(request.success[1]);
  EXPECT_EQ(std::get<DeleteRangeRequest>(inner.failure.at(0)).key, "d");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(request.success[2]));
}

TEST(RequestDecoder, WatchFiltersBecomeFlags) {
  pb::WatchCreateRequest wire;
  wire.set_key("a");
  wire.set_start_revision(4);
  wire.add_filters(pb::WatchCreateRequest::NODELETE);
  wire.set_prev_kv(true);
  wire.set_progress_notify(true);
  const WatchRequest request = Decode(wire);
  EXPECT_EQ(request.start_revision, 4);
  EXPECT_FALSE(request.no_put);
  EXPECT_TRUE(request.no_delete && request.prev_kv && request.progress_notify);
}

}  // namespace
}  // namespace kvshim::etcd
