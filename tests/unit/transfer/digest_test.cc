#include "transfer/digest.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvshim::transfer {
namespace {

KeyValueFields Fields() {
  return {.key = "key",
          .value = "value",
          .create_revision = 2,
          .mod_revision = 5,
          .version = 3,
          .lease = LeaseId{7}};
}

Digest Of(Digest::Of what, const std::vector<KeyValueFields>& rows,
          const std::vector<log::LeaseGrant>& leases = {}) {
  Digest digest(what);
  for (const KeyValueFields& row : rows) digest.Add(KeyValue::Make(row));
  digest.Add(leases);
  return digest;
}

TEST(Digest, EveryFieldOfARowCounts) {
  const Digest original = Of(Digest::Of::kVersions, {Fields()});
  EXPECT_EQ(original, Of(Digest::Of::kVersions, {Fields()}));
  for (const auto& change :
       std::vector<void (*)(KeyValueFields&)>{[](KeyValueFields& row) { row.key = "kex"; },
                                              [](KeyValueFields& row) { row.value = "valux"; },
                                              [](KeyValueFields& row) { row.create_revision = 3; },
                                              [](KeyValueFields& row) { row.mod_revision = 6; },
                                              [](KeyValueFields& row) { row.version = 4; },
                                              [](KeyValueFields& row) { row.lease = kNoLease; },
                                              [](KeyValueFields& row) {
                                                row.key = "keyv";
                                                row.value = "alue";
                                              }}) {
    KeyValueFields changed = Fields();
    change(changed);
    EXPECT_NE(original, Of(Digest::Of::kVersions, {changed}));
    EXPECT_NE(original.Text(), Of(Digest::Of::kVersions, {changed}).Text());
  }
}

TEST(Digest, TheOrderOfRowsDoesNotCountButTheirNumberDoes) {
  KeyValueFields other = Fields();
  other.key = "other";
  const Digest original = Of(Digest::Of::kVersions, {Fields(), other});
  EXPECT_EQ(original.Text(), Of(Digest::Of::kVersions, {other, Fields()}).Text());
  EXPECT_NE(original, Of(Digest::Of::kVersions, {Fields()}));
  EXPECT_NE(original, Of(Digest::Of::kVersions, {Fields(), other, other}));
  EXPECT_EQ(original.rows(), 2);
}

TEST(Digest, OfValuesIgnoresRevisionsAndVersions) {
  KeyValueFields moved = Fields();
  moved.create_revision = moved.mod_revision = 90;
  moved.version = 1;
  EXPECT_EQ(Of(Digest::Of::kValues, {Fields()}), Of(Digest::Of::kValues, {moved}));
  moved.lease = kNoLease;
  EXPECT_NE(Of(Digest::Of::kValues, {Fields()}), Of(Digest::Of::kValues, {moved}));
}

TEST(Digest, LeasesCountWithTheirTimeWhereVersionsDo) {
  const std::vector<log::LeaseGrant> some = {{LeaseId{1}, 60}};
  const std::vector<log::LeaseGrant> longer = {{LeaseId{1}, 61}};
  for (const Digest::Of what : {Digest::Of::kVersions, Digest::Of::kValues}) {
    EXPECT_NE(Of(what, {}), Of(what, {}, some));
    EXPECT_EQ(Of(what, {}, some) == Of(what, {}, longer), what == Digest::Of::kValues);
  }
}

TEST(Digest, ATombstoneIsARowOfItsOwn) {
  Digest deleted(Digest::Of::kVersions);
  deleted.Add(KeyValue::Tombstone("key", 5, 0));
  EXPECT_NE(deleted, Of(Digest::Of::kVersions, {}));
  EXPECT_EQ(deleted.Text().size(), 64u);
}

}  // namespace
}  // namespace kvshim::transfer
