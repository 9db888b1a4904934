#include "hub_fixture.h"

namespace kvshim::watch {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;

class Progress : public HubTest {
 protected:
  static HubOptions Every10Seconds() {
    return {.recent_events = 0, .progress_interval = seconds(10)};
  }
  void Wait() {
    clock_.Advance(seconds(11));  // the interval and its jitter
    hub_->Pump();
  }
};

TEST_F(Progress, IdleWatcherThatAskedHearsAtItsOwnId) {
  Start(Every10Seconds());
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  stream->CreateWatch({.key = "/a", .progress_notify = true}, {});
  Put("/b");
  sink.Take();
  Wait();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_TRUE(received[0].is_progress());
  EXPECT_EQ(received[0].watch_id, 1);
  EXPECT_EQ(received[0].revision, 2);
}

TEST_F(Progress, PumpSaysWhenItIsDue) {
  Start(Every10Seconds());
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  EXPECT_EQ(hub_->Pump(), base::TimePoint::max());
  stream->CreateWatch({.key = "/a", .progress_notify = true}, {});
  EXPECT_EQ(wakes_, 1);
  const base::TimePoint due = hub_->Pump();
  EXPECT_GE(due, clock_.Now() + seconds(10));
  EXPECT_LE(due, clock_.Now() + seconds(11));
  sink.Take();
  clock_.Advance(due - clock_.Now() - std::chrono::nanoseconds(1));
  hub_->Pump();
  EXPECT_THAT(sink.Take(), IsEmpty());
}

TEST_F(Progress, BusyWatcherHearsNoneForThatInterval) {
  Start(Every10Seconds());
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .progress_notify = true}, {});
  Put("/a");
  sink.Take();
  Wait();
  EXPECT_THAT(sink.Take(), IsEmpty());
  Wait();
  EXPECT_EQ(sink.Take().size(), 1u);
}

TEST_F(Progress, WatcherBehindHearsNone) {
  Start(Every10Seconds());
  Put("/a");
  history_.FailReads(1000);
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/b", .start_revision = 2, .progress_notify = true}, {});
  sink.Take();
  Wait();
  Wait();
  EXPECT_THAT(sink.Take(), IsEmpty());
  history_.FailReads(0);
  Wait();
  Wait();
  EXPECT_EQ(sink.Take().size(), 1u);
}

TEST_F(Progress, RequestIsAnsweredOnceForTheWholeStream) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  stream->CreateWatch({.key = "/b"}, {});
  Put("/c");
  sink.Take();
  stream->RequestProgress();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_TRUE(received[0].is_progress());
  EXPECT_EQ(received[0].watch_id, -1);
  EXPECT_EQ(received[0].revision, 2);
}

TEST_F(Progress, RequestWaitsUntilEveryWatcherHasCaughtUp) {
  Start({.recent_events = 0});
  Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  sink.Take();
  stream->RequestProgress();
  stream->RequestProgress();
  EXPECT_THAT(sink.Take(), IsEmpty());
  PumpAll();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[0].events.size(), 1u);
  EXPECT_TRUE(received[1].is_progress());
}

TEST_F(Progress, RequestIsAnsweredWhenTheLastOneBehindIsCanceled) {
  Start({.recent_events = 0});
  Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  stream->RequestProgress();
  sink.Take();
  stream->CancelWatch(WatchId{1});
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_TRUE(received[0].canceled);
  EXPECT_TRUE(received[1].is_progress());
}

TEST_F(Progress, StreamWithoutWatchersIsNotAnswered) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->RequestProgress();
  EXPECT_THAT(sink.Take(), IsEmpty());
}

}  // namespace
}  // namespace kvshim::watch
