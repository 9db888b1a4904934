#include "watch/hub.h"

#include "hub_fixture.h"

namespace kvshim::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kEverything(1, '\0');

TEST_F(HubTest, CreatedComesFirstWithTheCurrentRevision) {
  Start();
  Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  PumpAll();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_TRUE(received[0].created);
  EXPECT_EQ(received[0].revision, 2);
  EXPECT_EQ(received[0].watch_id, 0);
  EXPECT_THAT(received[0].events, IsEmpty());
  EXPECT_EQ(Describe(received[1].events.at(0)), "put /a 2");
}

TEST_F(HubTest, WatcherHearsOfItsKeyOnly) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  Put("/a");
  Put("/aa");
  Put("/b");
  Delete("/a");
  EXPECT_THAT(Events(sink), ElementsAre("put /a 2", "delete /a 5"));
}

TEST_F(HubTest, WatcherHearsOfItsRangeOnly) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .range_end = "/c"}, {});
  for (const char* key : {"/", "/a", "/b/x", "/c", "/d"}) Put(key);
  EXPECT_THAT(Events(sink), ElementsAre("put /a 3", "put /b/x 4"));
}

TEST_F(HubTest, EmptyKeyStandsForTheSmallestKey) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "", .range_end = kEverything}, {});
  stream->CreateWatch({.key = ""}, {});
  Put("/a");
  Put(kEverything);
  const auto received = sink.Take();
  int all = 0;
  int smallest = 0;
  for (const Received& r : received) {
    (r.watch_id == 0 ? all : smallest) += static_cast<int>(r.events.size());
  }
  EXPECT_EQ(all, 2);
  EXPECT_EQ(smallest, 1);
}

TEST_F(HubTest, AllEventsOfARevisionComeTogether) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/", .range_end = "0"}, {});
  sink.Take();
  Publish(history_.Commit({{.key = "/a"}, {.key = "x"}, {.key = "/b"}}));
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].revision, 2);
  EXPECT_EQ(received[0].events.size(), 2u);
}

TEST_F(HubTest, EachRevisionHasItsOwnResponseWhileTheClientKeepsUp) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/", .range_end = "0"}, {});
  sink.Take();
  std::vector<Event> events = history_.Put("/a");
  for (const Event& event : history_.Put("/b")) events.push_back(event);
  Publish(events);
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[0].revision, 2);
  EXPECT_EQ(received[1].revision, 3);
}

TEST_F(HubTest, RevisionsAreMergedWhileTheClientHasBytesWaiting) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/", .range_end = "0"}, {});
  sink.StopReading();
  std::vector<Event> events;
  for (int i = 0; i < 10; ++i) {
    for (const Event& event : history_.Put("/a")) events.push_back(event);
  }
  sink.Take();
  Publish(events);
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);  // the first found nothing waiting
  EXPECT_EQ(received[1].events.size(), 9u);
  EXPECT_EQ(received[1].revision, 11);
}

TEST_F(HubTest, FiltersLeaveOutPutsOrDeletions) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .no_put = true}, {});
  stream->CreateWatch({.key = "/a", .no_delete = true}, {});
  stream->CreateWatch({.key = "/a", .no_put = true, .no_delete = true}, {});
  sink.Take();
  Put("/a");
  Delete("/a");
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  for (const Received& r : received) {
    ASSERT_EQ(r.events.size(), 1u);
    EXPECT_EQ(r.events[0].is_delete(), r.watch_id == 0);
  }
}

TEST_F(HubTest, FutureStartHearsNothingBefore) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 4}, {});
  for (int i = 0; i < 4; ++i) Put("/a");
  EXPECT_THAT(Events(sink), ElementsAre("put /a 4", "put /a 5"));
}

TEST_F(HubTest, PastStartIsReplayedInclusively) {
  Start({.recent_events = 0});
  for (int i = 0; i < 4; ++i) Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 3}, {});
  PumpAll();
  Put("/a");
  EXPECT_THAT(Events(sink), ElementsAre("put /a 3", "put /a 4", "put /a 5", "put /a 6"));
  EXPECT_EQ(history_.reads(), 1);
}

TEST_F(HubTest, RecentPastNeedsNoHistory) {
  Start();
  for (int i = 0; i < 4; ++i) Put("/a");
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 3}, {});
  EXPECT_THAT(Events(sink), ElementsAre("put /a 3", "put /a 4", "put /a 5"));
  EXPECT_EQ(history_.reads(), 0);
}

// A write may be answered before it is published; a watch created after the answer is from then on.
TEST_F(HubTest, WatchFromNowOnDoesNotHearOfWritesAnsweredBefore) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  const std::vector<Event> answered = history_.Put("/a");
  stream->CreateWatch({.key = "/a"}, {});
  stream->CreateWatch({.key = "/a", .start_revision = 2}, {});
  Publish(answered);
  Put("/a");
  const auto received = sink.Take();
  EXPECT_EQ(received[0].revision, 2);
  std::vector<std::string> events;
  for (const Received& r : received) {
    for (const Event& e : r.events)
      events.push_back(std::to_string(r.watch_id) + " " + Describe(e));
  }
  EXPECT_THAT(events, ::testing::UnorderedElementsAre("1 put /a 2", "0 put /a 3", "1 put /a 3"));
}

TEST_F(HubTest, PublishingARevisionTwiceTellsItOnce) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  const auto events = history_.Put("/a");
  Publish(events);
  Publish(events);
  EXPECT_THAT(Events(sink), ElementsAre("put /a 2"));
}

TEST_F(HubTest, StartBelowTheCompactedRevisionIsCreatedThenCanceled) {
  Start();
  for (int i = 0; i < 9; ++i) Put("/a");
  history_.Compact(5);
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 4}, {});
  PumpAll();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_TRUE(received[0].created);
  EXPECT_FALSE(received[0].canceled);
  EXPECT_TRUE(received[1].canceled);
  EXPECT_EQ(received[1].compact_revision, 5);
  EXPECT_EQ(received[1].watch_id, 0);
  EXPECT_EQ(received[1].cancel_reason, "");
  Put("/a");
  EXPECT_THAT(sink.Take(), IsEmpty());
}

TEST_F(HubTest, StartAtTheCompactedRevisionIsServed) {
  Start();
  for (int i = 0; i < 5; ++i) Put("/a");
  history_.Compact(5);
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 5}, {});
  PumpAll();
  EXPECT_THAT(Events(sink), ElementsAre("put /a 5", "put /a 6"));
}

TEST_F(HubTest, CompactedWatcherKeepsItsIdUntilTheClientCancelsIt) {
  Start();
  Put("/a");
  history_.Compact(2);
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .start_revision = 1}, {.id = WatchId{7}});
  sink.Take();
  stream->CreateWatch({.key = "/a"}, {.id = WatchId{7}});
  EXPECT_EQ(sink.Take().at(0).cancel_reason,
            "mvcc: duplicate watch ID provided on the WatchStream");
  stream->CancelWatch(WatchId{7});
  EXPECT_TRUE(sink.Take().at(0).canceled);
  EXPECT_EQ(hub_->stats().watchers, 0);
}

TEST_F(HubTest, IdsAreAssignedFromZeroAroundTheChosenOnes) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {.id = WatchId{1}});
  for (int i = 0; i < 3; ++i) stream->CreateWatch({.key = "/a"}, {});
  std::vector<int64_t> ids;
  for (const Received& received : sink.Take()) ids.push_back(received.watch_id);
  EXPECT_THAT(ids, ElementsAre(1, 0, 2, 3));
}

TEST_F(HubTest, RefusalsAreCreatedAndCanceledWithTheReason) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {.id = WatchId{5}});
  sink.Take();
  stream->CreateWatch({.key = "/a"}, {.id = WatchId{5}});
  stream->CreateWatch({.key = "/b", .range_end = "/a"}, {});
  stream->CreateWatch({.key = "/a", .start_revision = -1}, {});
  stream->RefuseWatch("etcdserver: permission denied");
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 4u);
  for (const Received& r : received) {
    EXPECT_TRUE(r.created && r.canceled);
    EXPECT_EQ(r.watch_id, -1);
    EXPECT_EQ(r.revision, 1);
  }
  EXPECT_EQ(received[0].cancel_reason, "mvcc: duplicate watch ID provided on the WatchStream");
  EXPECT_EQ(received[1].cancel_reason, "mvcc: watcher range is empty");
  EXPECT_EQ(received[2].cancel_reason, "etcdserver: mvcc: required revision has been compacted");
  EXPECT_EQ(received[3].cancel_reason, "etcdserver: permission denied");
  EXPECT_EQ(hub_->stats().watchers, 1);
}

TEST_F(HubTest, CanceledWatcherIsAnsweredAndHearsNoMore) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  sink.Take();
  stream->CancelWatch(WatchId{0});
  Put("/a");
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_TRUE(received[0].canceled);
  EXPECT_EQ(received[0].compact_revision, 0);
  stream->CancelWatch(WatchId{0});
  stream->CancelWatch(WatchId{9});
  EXPECT_THAT(sink.Take(), IsEmpty());
}

TEST_F(HubTest, PrevKvComesToThoseWhoAskedOnly) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  EXPECT_FALSE(hub_->wants_prev_kv());
  stream->CreateWatch({.key = "/a", .prev_kv = true}, {});
  stream->CreateWatch({.key = "/a"}, {});
  EXPECT_TRUE(hub_->wants_prev_kv());
  Put("/a", "old");
  sink.Take();
  Put("/a", "new");
  for (const Received& r : sink.Take()) {
    EXPECT_EQ(r.prev_kv, r.watch_id == 0);
    EXPECT_EQ(r.events.at(0).prev_kv().value(), "old");
  }
  stream->CancelWatch(WatchId{0});
  EXPECT_FALSE(hub_->wants_prev_kv());
}

TEST_F(HubTest, PrevKvThatWasNotAtHandIsReadFromHistory) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a", .prev_kv = true}, {});
  Put("/a", "old");
  sink.Take();
  const auto events = history_.Put("/a", "new");
  const std::vector<Event> bare = {Event(events[0].kv())};
  Publish(bare);
  EXPECT_THAT(sink.Take(), IsEmpty());
  PumpAll();
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].events.at(0).prev_kv().value(), "old");
  EXPECT_EQ(hub_->stats().slow_watchers, 0);
  EXPECT_EQ(history_.reads(), 1);
}

TEST_F(HubTest, CancelAllEndsEveryWatcherAsCompacted) {
  Start();
  RecordingSink sink;
  auto stream = hub_->OpenStream(sink);
  stream->CreateWatch({.key = "/a"}, {});
  stream->CreateWatch({.key = "/", .range_end = "0"}, {});
  sink.Take();
  hub_->CancelAll(1000, 1005);
  const auto received = sink.Take();
  ASSERT_EQ(received.size(), 2u);
  for (const Received& r : received) {
    EXPECT_TRUE(r.canceled);
    EXPECT_EQ(r.compact_revision, 1000);
  }
  EXPECT_EQ(hub_->published(), 1005);
  EXPECT_EQ(hub_->stats().watchers, 0);
}

TEST_F(HubTest, ShutdownEndsStreamsOpenAndComing) {
  Start();
  RecordingSink open;
  RecordingSink coming;
  auto first = hub_->OpenStream(open);
  first->CreateWatch({.key = "/a"}, {});
  hub_->Shutdown(mvcc::Stopped());
  EXPECT_EQ(open.ended(), mvcc::Stopped());
  auto second = hub_->OpenStream(coming);
  EXPECT_EQ(coming.ended(), mvcc::Stopped());
  open.Take();
  Put("/a");
  first->CreateWatch({.key = "/a"}, {});
  second->CreateWatch({.key = "/a"}, {});
  EXPECT_THAT(open.Take(), IsEmpty());
  EXPECT_THAT(coming.Take(), IsEmpty());
}

TEST_F(HubTest, StatsCountWatchersAndEvents) {
  Start();
  RecordingSink sink;
  {
    auto stream = hub_->OpenStream(sink);
    stream->CreateWatch({.key = "/a"}, {});
    stream->CreateWatch({.key = "/a"}, {});
    Put("/a");
    EXPECT_EQ(hub_->stats().streams, 1);
    EXPECT_EQ(hub_->stats().watchers, 2);
    EXPECT_EQ(hub_->stats().events_sent, 2u);
  }
  EXPECT_EQ(hub_->stats().streams, 0);
  EXPECT_EQ(hub_->stats().watchers, 0);
}

}  // namespace
}  // namespace kvshim::watch
