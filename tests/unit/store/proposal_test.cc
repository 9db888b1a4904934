#include "store/proposal.h"

#include <gtest/gtest.h>

#include <optional>

#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

// What its client hears of a proposal that was evaluated with `result`, or not at all.
absl::Status Heard(std::optional<absl::StatusOr<int>> result, const absl::Status& failure) {
  absl::Status heard = absl::UnknownError("nothing");
  const auto proposal =
      Propose<int>([&](OpenBatch&, const mvcc::Index::View&, mvcc::Values&) { return *result; },
                   Callback<int>([&](absl::StatusOr<int> answer) { heard = answer.status(); }));
  if (result.has_value()) {
    if (!result->ok()) {
      proposal->Refuse(result->status());
    } else {
      mvcc::Index index(1 << 20);
      lease::Lessor lessor(base::Clock::Real());
      OpenBatch batch{.writes = mvcc::WriteBatch(1, batch.leases),
                      .leases = lease::LeaseBatch(lessor)};
      mvcc::Values values;
      proposal->Evaluate(batch, mvcc::Index::View(index), values);
    }
  }
  proposal->Answer(failure);
  return heard;
}

TEST(Proposal, HearsWhatBecameOfItsBatch) {
  EXPECT_TRUE(Heard(5, absl::OkStatus()).ok());
  EXPECT_EQ(Heard(5, mvcc::TimedOut()), mvcc::TimedOut());
}

TEST(Proposal, HearsTheFailureWhereItWasNeverEvaluated) {
  EXPECT_EQ(Heard(std::nullopt, mvcc::TimedOut()), mvcc::TimedOut());
}

TEST(Proposal, HearsWhyItWasRefusedWhateverBecameOfTheBatch) {
  EXPECT_EQ(Heard(mvcc::TooManyOps(), mvcc::TimedOut()), mvcc::TooManyOps());
}

}  // namespace
}  // namespace kvshim::store
