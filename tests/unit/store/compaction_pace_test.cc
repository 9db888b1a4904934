#include "store/compaction_pace.h"

#include <gtest/gtest.h>

namespace kvshim::store {
namespace {

int PausesAt(int64_t writes_a_pause) {
  int64_t versions = 1000;
  CompactionPace pace(500, versions);
  int pauses = 1;
  while (pace.RestsOn(versions += writes_a_pause)) ++pauses;
  return pauses;
}

TEST(CompactionPace, RestsOnceWhereNobodyWrites) { EXPECT_EQ(PausesAt(0), 1); }

TEST(CompactionPace, RestsLongerForThoseWhoWrite) {
  EXPECT_EQ(PausesAt(1), 5);
  EXPECT_EQ(PausesAt(62), 5);
}

TEST(CompactionPace, GoesOnOnceTheyHaveStopped) {
  CompactionPace pace(500, 1000);
  EXPECT_TRUE(pace.RestsOn(1020));
  EXPECT_FALSE(pace.RestsOn(1020));
}

TEST(CompactionPace, DeletesFasterThanWritesOutdate) {
  for (const int64_t writes : {10, 100, 130, 166, 249, 250, 400}) {
    EXPECT_GT(500, writes * PausesAt(writes)) << writes;
  }
  EXPECT_EQ(PausesAt(250), 1);
}

}  // namespace
}  // namespace kvshim::store
