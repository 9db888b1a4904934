// Streams whose clients do not read: bounded memory, catching up, fairness, failing history.
#include "hub_fixture.h"

namespace kvshim::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

HubOptions Small() {
  return {.stream_buffer = 1000, .chunk_bytes = 2000, .merge_bytes = 500, .recent_events = 0};
}

class SlowStream : public HubTest {
 protected:
  // The client reads all that waits, again and again, until it has everything.
  void ReadAll(RecordingSink& sink, Stream& stream) {
    for (int i = 0; i < 10000; ++i) {
      PumpAll();
      if (sink.pending_bytes() == 0) return;
      sink.Read();
      stream.Drained();
    }
    FAIL() << "the stream never came to rest";
  }
};

std::vector<std::string> PutsOf(const std::string& key, int64_t from, int64_t to) {
  std::vector<std::string> puts;
  for (int64_t r = from; r <= to; ++r) puts.push_back("put " + key + " " + std::to_string(r));
  return puts;
}

TEST_F(SlowStream, GetsEverythingOnceAndInOrderWhenItReadsAgain) {
  Start(Small());
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  sink.StopReading();
  for (int i = 0; i < 500; ++i) Put("/a", "value");
  EXPECT_EQ(hub_->stats().slow_watchers, 1);
  EXPECT_GT(hub_->stats().lag, 0);
  ReadAll(sink, *stream);
  EXPECT_EQ(hub_->stats().slow_watchers, 0);
  EXPECT_EQ(hub_->stats().lag, 0);
  Put("/a");
  EXPECT_EQ(Events(sink), PutsOf("/a", 2, 502));
}

TEST_F(SlowStream, HoldsNoMoreThanItsBufferAndOneResponse) {
  Start(Small());
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  for (int i = 0; i < 1000; ++i) stream->CreateWatch({.key = "/", .range_end = "0"}, {});
  sink.StopReading();
  // One revision of 20 KB that concerns all thousand watchers.
  std::vector<FakeHistory::Change> changes;
  for (int i = 0; i < 20; ++i) {
    changes.push_back({.key = "/" + std::to_string(i), .value = std::string(1000, 'x')});
  }
  Publish(history_.Commit(changes));
  EXPECT_LE(sink.peak(), 1000u + 21000u);
  EXPECT_EQ(hub_->stats().slow_watchers, 999);
  ReadAll(sink, *stream);
  EXPECT_LE(sink.peak(), 1000u + 21000u);
  std::vector<int> events(1000);
  for (const Received& r : sink.Take()) {
    events[static_cast<size_t>(r.watch_id)] += static_cast<int>(r.events.size());
  }
  EXPECT_THAT(events, ::testing::Each(20));
}

TEST_F(SlowStream, DoesNotDelayFastOnes) {
  Start(Small());
  RecordingSink slow;
  RecordingSink fast;
  auto slow_stream = hub_->OpenStream(slow);
  auto fast_stream = hub_->OpenStream(fast);
  slow_stream->CreateWatch({.key = "/a"}, {});
  fast_stream->CreateWatch({.key = "/a"}, {});
  slow.StopReading();
  for (int i = 0; i < 300; ++i) Put("/a", "value");
  EXPECT_EQ(Events(fast), PutsOf("/a", 2, 301));  // without a single turn of Pump
}

TEST_F(SlowStream, WaitsForTheClientWithoutSpinning) {
  Start(Small());
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  sink.StopReading();
  for (int i = 0; i < 300; ++i) Put("/a", "value");
  PumpAll();
  EXPECT_EQ(hub_->Pump(), base::TimePoint::max());
  const int reads = history_.reads();
  const int wakes = wakes_;
  stream->Drained();  // a premature call: the bytes still wait
  EXPECT_EQ(hub_->Pump(), base::TimePoint::max());
  EXPECT_EQ(history_.reads(), reads);
  sink.Read();
  stream->Drained();
  EXPECT_GT(wakes_, wakes);
  hub_->Pump();
  EXPECT_GT(history_.reads(), reads);
}

TEST_F(SlowStream, EventsPublishedWhileHistoryIsReadAreNeitherLostNorRepeated) {
  Start(Small());
  for (int i = 0; i < 100; ++i) Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  int more = 50;
  history_.before_read = [&] {
    if (more-- > 0) Put("/a");
  };
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  PumpAll();
  Put("/a");
  EXPECT_EQ(Events(sink), PutsOf("/a", 2, 152));
}

TEST_F(SlowStream, CatchesUpThoughWritesNeverCease) {
  HubOptions options = Small();
  options.recent_events = 10;
  Start(options);
  for (int i = 0; i < 100; ++i) Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  history_.before_read = [&] { Put("/a"); };
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  PumpAll();
  EXPECT_EQ(hub_->stats().slow_watchers, 0);
}

TEST_F(SlowStream, WatchersOfOneRangeShareAReadOfHistory) {
  Start({.recent_events = 0});
  for (int i = 0; i < 100; ++i) Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  for (int i = 0; i < 50; ++i) stream->CreateWatch({.key = "/a", .start_revision = 2 + i}, {});
  sink.Take();
  PumpAll();
  EXPECT_EQ(history_.reads(), 1);
  std::vector<size_t> events(50);
  for (const Received& r : sink.Take()) events[static_cast<size_t>(r.watch_id)] += r.events.size();
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(events[i], 100 - i);
}

TEST_F(SlowStream, OneFarBehindDoesNotHoldUpOneNearlyThere) {
  Start(Small());
  for (int i = 0; i < 1000; ++i) Put("/far", std::string(200, 'x'));
  RecordingSink far_sink;
  RecordingSink near_sink;
  auto far_stream = hub_->OpenStream(far_sink);
  auto near_stream = hub_->OpenStream(near_sink);
  far_stream->CreateWatch({.key = "/far", .start_revision = 2}, {});
  near_stream->CreateWatch({.key = "/far", .start_revision = 1000}, {});
  hub_->Pump();
  EXPECT_EQ(Events(near_sink), PutsOf("/far", 1000, 1001));
  EXPECT_LT(Events(far_sink).size(), 100u);
}

TEST_F(SlowStream, CompactionWhileCatchingUpCancels) {
  Start(Small());
  for (int i = 0; i < 1000; ++i) Put("/a", std::string(200, 'x'));
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  hub_->Pump();
  history_.before_read = [&] { history_.Compact(900); };
  PumpAll();
  const auto received = sink.Take();
  EXPECT_TRUE(received.back().canceled);
  EXPECT_EQ(received.back().compact_revision, 900);
  int64_t last = 1;
  for (const Received& r : received) {
    for (const Event& event : r.events) EXPECT_EQ(event.revision(), ++last);
  }
  EXPECT_EQ(hub_->stats().watchers, 0);
}

TEST_F(SlowStream, FailingHistoryIsTriedAgainWithPauses) {
  HubOptions options = Small();
  options.retry_pause = std::chrono::milliseconds(10);
  Start(options);
  for (int i = 0; i < 10; ++i) Put("/a");
  history_.FailReads(3);
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  sink.Take();
  for (const int pause : {10, 20, 40}) {
    const base::TimePoint next = hub_->Pump();
    EXPECT_EQ(next - clock_.Now(), std::chrono::milliseconds(pause));
    EXPECT_EQ(hub_->Pump(), next);  // not before
    clock_.Advance(std::chrono::milliseconds(pause));
  }
  PumpAll();
  EXPECT_EQ(Events(sink), PutsOf("/a", 2, 11));
  EXPECT_EQ(hub_->stats().history_failures, 3u);
}

TEST_F(SlowStream, MayBeCanceledOrClosedWhileItsHistoryIsRead) {
  Start(Small());
  for (int i = 0; i < 10; ++i) Put("/a");
  RecordingSink sink;
  RecordingSink closed_sink;
  auto stream = hub_->OpenStream(sink);
  auto closed = hub_->OpenStream(closed_sink);
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  closed->CreateWatch({.key = "/a", .start_revision = 2}, {});
  history_.before_read = [&] {
    stream->CancelWatch(WatchId{0});
    closed.reset();
  };
  closed_sink.Take();
  sink.Take();
  PumpAll();
  EXPECT_THAT(closed_sink.Take(), IsEmpty());
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_TRUE(received[0].canceled);
}

TEST_F(SlowStream, HistoryReadBeforeCancelAllIsThrownAway) {
  Start(Small());
  for (int i = 0; i < 10; ++i) Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  history_.before_read = [&] { hub_->CancelAll(100, 11); };
  sink.Take();
  PumpAll();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].compact_revision, 100);
}

}  // namespace
}  // namespace kvshim::watch
