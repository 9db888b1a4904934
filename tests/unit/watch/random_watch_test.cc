// Random histories: random writes, watchers, slow clients, compactions, failures, prev_kv not at
// hand, publishing that lags behind committing. Every watcher must see what the oracle predicts.
#include <deque>
#include <map>
#include <random>

#include "hub_fixture.h"
#include "oracle.h"

namespace kvshim::watch {
namespace {

class RandomWatch : public HubTest, public ::testing::WithParamInterface<int> {
 protected:
  struct Client {
    RecordingSink sink;
    std::map<int64_t, WatchRequest> requests;
    std::unique_ptr<Stream> stream;
    bool reading = true;
  };

  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string Key() { return "/" + std::string(1, static_cast<char>('a' + Random(12))); }

  void Commit() {
    std::vector<FakeHistory::Change> changes;
    for (int i = Random(4); i >= 0; --i) {
      const std::string key = Key();
      bool repeated = false;  // as in a txn, a key is put once a revision
      for (const auto& change : changes) repeated |= change.key == key;
      if (repeated) continue;
      changes.push_back({.key = key,
                         .value = std::string(static_cast<size_t>(Random(120)), 'v'),
                         .remove = Random(4) == 0});
    }
    std::vector<Event> events = history_.Commit(changes);
    if (Random(8) == 0) {
      for (Event& event : events) event = Event(event.kv());  // the previous version evicted
    }
    unpublished_.push_back(std::move(events));
  }

  void PublishSome() {
    std::vector<Event> events;
    for (int n = Random(6); n > 0 && !unpublished_.empty(); --n) {
      events.insert(events.end(), unpublished_.front().begin(), unpublished_.front().end());
      unpublished_.pop_front();
    }
    if (!events.empty()) Publish(events);
  }

  void Create(Client& client) {
    WatchRequest request{.key = Key(),
                         .no_put = Random(8) == 0,
                         .no_delete = Random(8) == 0,
                         .prev_kv = Random(3) == 0,
                         .progress_notify = Random(2) == 0};
    const int shape = Random(4);
    if (shape == 1) request.range_end = request.key + "~";
    if (shape == 2) request.range_end = std::string(1, '\0');
    if (shape == 3) request.range_end = "/z";
    if (Random(3) != 0) {
      request.start_revision = std::max<int64_t>(
          {1, history_.compact_revision(), history_.revision() - Random(60) + 10});
    }
    const auto id = static_cast<int64_t>(client.requests.size());
    client.requests[id] = request;
    client.stream->CreateWatch(request, {});
  }

  void Step(std::vector<std::unique_ptr<Client>>& clients) {
    Client& client = *clients[static_cast<size_t>(Random(static_cast<int>(clients.size())))];
    switch (Random(16)) {
      case 0:
      case 1:
        Create(client);
        break;
      case 2:
        if (!client.requests.empty() && Random(4) == 0) {
          client.stream->CancelWatch(WatchId{Random(static_cast<int>(client.requests.size()))});
        }
        break;
      case 3:
        client.sink.StopReading();
        break;
      case 4:
        client.sink.ResumeReading();
        client.stream->Drained();
        break;
      case 5:
        client.sink.Read();
        client.stream->Drained();
        break;
      case 6:
        client.stream->RequestProgress();
        break;
      case 7:
        if (Random(10) == 0) {
          history_.Compact(std::max(history_.compact_revision(), hub_->published() - Random(50)));
        }
        break;
      case 8:
        if (Random(5) == 0) history_.FailReads(Random(3));
        clock_.Advance(std::chrono::milliseconds(Random(30)));
        break;
      case 9:
      case 10:
        hub_->Pump();
        break;
      case 11:
      case 12:
        PublishSome();
        break;
      default:
        Commit();
    }
  }

  std::mt19937_64 random_;
  std::deque<std::vector<Event>> unpublished_;
};

TEST_P(RandomWatch, EveryWatcherSeesExactlyWhatTheOraclePredicts) {
  random_.seed(static_cast<uint64_t>(GetParam()));
  Start({.stream_buffer = 2000,
         .chunk_bytes = 1500,
         .merge_bytes = 600,
         .recent_events = static_cast<size_t>(Random(2) * 20),
         .progress_interval = std::chrono::milliseconds(100)});
  history_.before_read = [this] {
    if (Random(4) == 0) PublishSome();
  };
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>());
    clients.back()->stream = hub_->OpenStream(clients.back()->sink);
  }
  for (int step = 0; step < 3000; ++step) Step(clients);

  history_.FailReads(0);
  clock_.Advance(std::chrono::seconds(2));
  while (!unpublished_.empty()) PublishSome();
  for (auto& client : clients) {
    client->sink.ResumeReading();
    client->stream->Drained();
  }
  PumpAll();
  EXPECT_EQ(hub_->stats().slow_watchers, 0);
  Oracle oracle(history_.log());
  for (auto& client : clients) {
    ASSERT_NO_FATAL_FAILURE(oracle.Check(client->sink.Take(), client->requests));
    client->stream.reset();
  }
  EXPECT_GT(oracle.events(), 1000u);  // the run was about something
  EXPECT_EQ(hub_->stats().watchers, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWatch, ::testing::Range(0, 40));

}  // namespace
}  // namespace kvshim::watch
