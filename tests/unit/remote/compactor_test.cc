#include "remote/compactor.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "etcd_fixture.h"

namespace kvshim::remote {
namespace {

constexpr std::chrono::minutes kInterval{5};

class CompactorTest : public EtcdFixture {
 protected:
  void Pass(std::initializer_list<Compactor*> compactors) {
    ASSERT_TRUE(database_->Put(PutRequest{.key = "a"}).ok());
    clock_.Advance(kInterval);
    for (Compactor* one : compactors) one->RunDue();
  }
  int64_t Compacted() { return database_->Status().compact_revision; }

  base::FakeClock clock_;
};

TEST_F(CompactorTest, ForgetsWhatIsOlderThanTheInterval) {
  Compactor compactor(*database_, kInterval, clock_);
  Pass({&compactor});
  EXPECT_EQ(Compacted(), 0);
  const int64_t noted = database_->Status().revision;
  Pass({&compactor});
  EXPECT_EQ(Compacted(), noted);
}

TEST_F(CompactorTest, SeveralServersCompactOnceAnInterval) {
  Compactor first(*database_, kInterval, clock_);
  Compactor second(*database_, kInterval, clock_);
  Pass({&first, &second});
  for (int i = 0; i < 5; ++i) {
    const int64_t noted = database_->Status().revision;
    Pass({&first, &second});
    EXPECT_LE(Compacted(), noted);
    EXPECT_GE(Compacted(), noted - 4);
  }
}

}  // namespace
}  // namespace kvshim::remote
