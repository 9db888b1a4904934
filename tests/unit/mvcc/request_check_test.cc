#include "mvcc/request_check.h"

#include <gtest/gtest.h>

#include "mvcc/errors.h"

namespace kvshim::mvcc {
namespace {

constexpr size_t kMaxOps = 4;
const std::string kZero(1, '\0');

template <typename... Ops>
std::vector<RequestOp> Branch(Ops&&... ops) {
  std::vector<RequestOp> branch;
  (branch.emplace_back(std::forward<Ops>(ops)), ...);
  return branch;
}

template <typename... Ops>
TxnRequest Then(Ops&&... ops) {
  return {.success = Branch(std::forward<Ops>(ops)...)};
}

template <typename... Ops>
TxnRequest Else(Ops&&... ops) {
  return {.failure = Branch(std::forward<Ops>(ops)...)};
}

std::unique_ptr<TxnRequest> Nested(TxnRequest request) {
  return std::make_unique<TxnRequest>(std::move(request));
}

PutRequest Put(std::string key) { return {.key = std::move(key)}; }
DeleteRangeRequest Delete(std::string key, std::string range_end = "") {
  return {.key = std::move(key), .range_end = std::move(range_end)};
}
RangeRequest Get(std::string key, int64_t revision = 0) {
  return {.key = std::move(key), .revision = revision};
}

TEST(RequestCheck, AKeyMustBeGiven) {
  EXPECT_EQ(Check(RangeRequest{}), EmptyKey());
  EXPECT_EQ(Check(RangeRequest{.range_end = "z"}), EmptyKey());
  EXPECT_EQ(Check(PutRequest{}), EmptyKey());
  EXPECT_EQ(Check(DeleteRangeRequest{}), EmptyKey());
  EXPECT_EQ(Check(Get("a")), absl::OkStatus());
  EXPECT_EQ(Check(Put("a")), absl::OkStatus());
  EXPECT_EQ(Check(Delete("a")), absl::OkStatus());
}

TEST(RequestCheck, ErrorsCarryEtcdsCodeAndText) {
  EXPECT_EQ(Check(PutRequest{}), absl::InvalidArgumentError("etcdserver: key is not provided"));
  EXPECT_EQ(Check(Then(Put("a"), Put("a")), kMaxOps),
            absl::InvalidArgumentError("etcdserver: duplicate key given in txn request"));
}

TEST(RequestCheck, ASortOptionMustBeKnown) {
  RangeRequest request = Get("a");
  request.sort_order = static_cast<SortOrder>(3);
  EXPECT_EQ(Check(request), InvalidSortOption());
  request.sort_order = SortOrder::kDescend;
  request.sort_target = static_cast<SortTarget>(5);
  EXPECT_EQ(Check(request), InvalidSortOption());
  request.sort_target = static_cast<SortTarget>(-1);
  EXPECT_EQ(Check(request), InvalidSortOption());
  request.sort_target = SortTarget::kValue;
  EXPECT_EQ(Check(request), absl::OkStatus());
}

TEST(RequestCheck, WhatIsIgnoredMustNotBeGiven) {
  EXPECT_EQ(Check(PutRequest{.key = "a", .value = "1", .ignore_value = true}), ValueProvided());
  EXPECT_EQ(Check(PutRequest{.key = "a", .lease = LeaseId(1), .ignore_lease = true}),
            LeaseProvided());
  EXPECT_EQ(Check(PutRequest{.key = "a", .ignore_value = true, .ignore_lease = true}),
            absl::OkStatus());
}

TEST(RequestCheck, EachListOfATxnIsLimited) {
  TxnRequest compares;
  compares.compare.assign(kMaxOps, Compare{.key = "a"});
  EXPECT_EQ(Check(compares, kMaxOps), absl::OkStatus());
  compares.compare.push_back(Compare{.key = "a"});
  EXPECT_EQ(Check(compares, kMaxOps), TooManyOps());
  EXPECT_EQ(Check(Then(Get("a"), Get("a"), Get("a"), Get("a")), kMaxOps), absl::OkStatus());
  EXPECT_EQ(Check(Then(Get("a"), Get("a"), Get("a"), Get("a"), Get("a")), kMaxOps), TooManyOps());
  EXPECT_EQ(Check(Else(Get("a"), Get("a"), Get("a"), Get("a"), Get("a")), kMaxOps), TooManyOps());
}

TEST(RequestCheck, ANestedTxnHasWhatTheOuterOneLeaves) {
  EXPECT_EQ(Check(Then(Get("a"), Nested(Then(Get("a"), Get("a")))), kMaxOps), absl::OkStatus());
  EXPECT_EQ(Check(Then(Get("a"), Nested(Then(Get("a"), Get("a"), Get("a")))), kMaxOps),
            TooManyOps());
}

TEST(RequestCheck, TooManyOperationsComeBeforeAMissingKey) {
  EXPECT_EQ(Check(Then(Get(""), Get("a"), Get("a"), Get("a"), Get("a")), kMaxOps), TooManyOps());
}

TEST(RequestCheck, EveryBranchIsChecked) {
  EXPECT_EQ(Check(TxnRequest{.compare = {Compare{}}}, kMaxOps), EmptyKey());
  EXPECT_EQ(Check(Then(Get("")), kMaxOps), EmptyKey());
  EXPECT_EQ(Check(Else(Put("")), kMaxOps), EmptyKey());
  EXPECT_EQ(Check(Then(Nested(Else(Delete("")))), kMaxOps), EmptyKey());
  EXPECT_EQ(Check(Then(PutRequest{.key = "a", .value = "1", .ignore_value = true}), kMaxOps),
            ValueProvided());
}

TEST(RequestCheck, AnOperationWithoutARequestIsRefused) {
  EXPECT_EQ(Check(Then(std::monostate()), kMaxOps), KeyNotFound());
}

TEST(RequestCheck, ABranchPutsAKeyOnce) {
  EXPECT_EQ(Check(Then(Put("a"), Put("b")), kMaxOps), absl::OkStatus());
  EXPECT_EQ(Check(Then(Put("a"), Put("a")), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Else(Put("a"), Get("a"), Put("a")), kMaxOps), DuplicateKey());
}

TEST(RequestCheck, TheTwoBranchesMayPutTheSameKey) {
  TxnRequest request = Then(Put("a"));
  request.failure = Branch(Put("a"), Delete("b"));
  EXPECT_EQ(Check(request, kMaxOps), absl::OkStatus());
}

TEST(RequestCheck, ABranchDoesNotPutWhatItDeletes) {
  EXPECT_EQ(Check(Then(Put("a"), Delete("a")), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Delete("a"), Put("a")), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Delete("a", "c"), Put("b")), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Delete("a", "c"), Put("c")), kMaxOps), absl::OkStatus());
  EXPECT_EQ(Check(Then(Delete("a", kZero), Put("z")), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Delete("b", kZero), Put("a")), kMaxOps), absl::OkStatus());
}

TEST(RequestCheck, ABranchMayDeleteAKeyTwice) {
  EXPECT_EQ(Check(Then(Delete("a"), Delete("a", "c")), kMaxOps), absl::OkStatus());
}

TEST(RequestCheck, NestedTxnsCountWithTheBranchTheyAreIn) {
  EXPECT_EQ(Check(Then(Put("a"), Nested(Then(Put("a")))), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Nested(Else(Put("a"))), Put("a")), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Nested(Then(Put("a"))), Nested(Else(Put("a")))), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Delete("a", "c"), Nested(Then(Put("b")))), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Delete("a", "c"), Nested(Else(Put("b")))), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Put("b"), Nested(Else(Delete("a", "c")))), kMaxOps), DuplicateKey());
  EXPECT_EQ(Check(Then(Nested(Then(Delete("a"))), Nested(Then(Put("a")))), kMaxOps),
            DuplicateKey());
}

TEST(RequestCheck, TheBranchesOfANestedTxnMayPutTheSameKey) {
  TxnRequest nested = Then(Put("a"));
  nested.failure = Branch(Put("a"));
  EXPECT_EQ(Check(Then(Nested(std::move(nested))), kMaxOps), absl::OkStatus());
}

TEST(RequestCheck, ATxnIsReadOnlyWhereNoBranchCanWrite) {
  EXPECT_TRUE(IsReadOnly(TxnRequest{}));
  EXPECT_TRUE(IsReadOnly(Then(Get("a"), Nested(Else(Get("b"))))));
  EXPECT_FALSE(IsReadOnly(Else(Put("a"))));
  EXPECT_FALSE(IsReadOnly(Then(Nested(Else(Delete("a"))))));
}

TEST(RequestCheck, ATxnIsSerializableWhereEveryRangeIs) {
  RangeRequest serializable = Get("a");
  serializable.serializable = true;
  EXPECT_TRUE(IsSerializable(Then(serializable)));
  EXPECT_FALSE(IsSerializable(Then(serializable, Get("a"))));
  TxnRequest both = Then(serializable);
  both.failure = Branch(Get("a"));
  EXPECT_FALSE(IsSerializable(both));
  EXPECT_FALSE(IsSerializable(Then(serializable, Put("a"))));
}

TEST(RequestCheck, ATxnReadsHistoryWhereARangeNamesARevision) {
  EXPECT_FALSE(ReadsHistory(Then(Get("a"), Put("b"))));
  EXPECT_TRUE(ReadsHistory(Then(Nested(Else(Get("a", 5))))));
}

TEST(RequestCheck, PutsAreFoundInEveryBranch) {
  EXPECT_FALSE(HasPut(Then(Get("a"), Delete("b"))));
  EXPECT_TRUE(HasPut(Else(Put("a"))));
  EXPECT_TRUE(HasPut(Then(Nested(Else(Put("a"))))));
}

}  // namespace
}  // namespace kvshim::mvcc
