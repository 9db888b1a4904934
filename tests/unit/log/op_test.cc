#include "log/op.h"

#include <gtest/gtest.h>

#include "sql/error.h"

namespace kvshim::log {
namespace {

TEST(Op, EveryKindSurvivesItsEncoding) {
  const std::vector<Op> ops = {LeaseGrant{LeaseId{INT64_MIN}, 60}, LeaseRevoke{LeaseId{7}},
                               SetAlarm{UINT64_MAX, 1}, ClearAlarm{3, 2}};
  EXPECT_EQ(DecodeOps(EncodeOps(ops)).value(), ops);
  EXPECT_EQ(EncodeOps({}), "");
}

TEST(Op, TheBytesAreThoseOfTheDocument) {
  EXPECT_EQ(EncodeOps(std::vector<Op>{LeaseGrant{LeaseId{0x0102}, 3}}),
            std::string("\x01\x10\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0", 18));
}

TEST(Op, DamagedBytesAreRefusedNotGuessed) {
  const std::string good = EncodeOps(std::vector<Op>{LeaseGrant{LeaseId{1}, 2}, SetAlarm{1, 1}});
  for (size_t size = 1; size < good.size(); ++size) {
    if (size == 18) continue;  // the first op alone
    EXPECT_EQ(sql::KindOf(DecodeOps(good.substr(0, size)).status()), sql::ErrorKind::kCorrupt)
        << size;
  }
  EXPECT_FALSE(DecodeOps(std::string("\x63\x00", 2)).ok());
  EXPECT_FALSE(DecodeOps(std::string("\x02\x00", 2)).ok());
}

}  // namespace
}  // namespace kvshim::log
