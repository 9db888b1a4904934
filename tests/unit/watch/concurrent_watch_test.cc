// The hub under threads: one publishes, one pumps, clients create, cancel, read slowly and close.
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "hub_fixture.h"
#include "oracle.h"

namespace kvshim::watch {
namespace {

// The owner's loop: runs Pump when the hub asks for it.
class PumpLoop {
 public:
  void Wake() {
    base::MutexLock lock(mutex_);
    woken_ = true;
    condition_.NotifyOne();
  }
  void Start(Hub& hub) {
    thread_ = std::thread([this, &hub] {
      for (;;) {
        const base::TimePoint next = hub.Pump();
        base::MutexLock lock(mutex_);
        while (!woken_ && !stopping_) {
          if (next == base::TimePoint::max()) {
            condition_.Wait(mutex_);
          } else if (!condition_.WaitUntil(mutex_, next)) {
            break;
          }
        }
        if (stopping_) return;
        woken_ = false;
      }
    });
  }
  void Stop() {
    {
      base::MutexLock lock(mutex_);
      stopping_ = true;
      condition_.NotifyOne();
    }
    thread_.join();
  }

 private:
  base::Mutex mutex_;
  base::Condition condition_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// A transport that takes bytes on its own thread and says so only below the low-water mark.
class SlowSink : public RecordingSink {
 public:
  explicit SlowSink(size_t low_water) : low_water_(low_water) { StopReading(); }
  void TakeAll(Stream& stream) {
    Read();
    if (pending_bytes() < low_water_) stream.Drained();
  }

 private:
  size_t low_water_;
};

TEST(ConcurrentWatch, EveryWatcherSeesEveryEventOnceUnderThreads) {
  constexpr int kRevisions = 1500;
  FakeHistory history;
  PumpLoop loop;
  Hub hub(history, history.revision(),
          {.stream_buffer = 3000,
           .chunk_bytes = 2000,
           .merge_bytes = 1000,
           .recent_events = 8,
           .progress_interval = std::chrono::milliseconds(5),
           .wake = [&] { loop.Wake(); }});
  loop.Start(hub);
  std::atomic<bool> publishing{true};

  std::thread publisher([&] {
    std::mt19937 random(1);
    for (int i = 0; i < kRevisions; ++i) {
      const std::string key = "/" + std::string(1, static_cast<char>('a' + random() % 8));
      hub.Publish(random() % 5 == 0 ? history.Delete(key)
                                    : history.Put(key, std::string(random() % 100, 'x')));
    }
    publishing = false;
  });

  const auto client = [&](unsigned seed) {
    std::mt19937 random(seed);
    SlowSink sink(hub.low_water());
    std::map<int64_t, WatchRequest> requests;
    auto stream = hub.OpenStream(sink);
    while (publishing) {
      if (requests.size() < 40) {
        WatchRequest request{.key = "/" + std::string(1, static_cast<char>('a' + random() % 8)),
                             .prev_kv = random() % 2 == 0,
                             .progress_notify = random() % 2 == 0};
        if (random() % 2 == 0) request.range_end = "/z";
        if (random() % 2 == 0) request.start_revision = 1 + random() % 500;
        requests[static_cast<int64_t>(requests.size())] = request;
        stream->CreateWatch(request, {});
      }
      if (random() % 4 == 0) stream->RequestProgress();
      if (random() % 8 == 0) stream->CancelWatch(WatchId{static_cast<int64_t>(random() % 40)});
      if (random() % 2 == 0) sink.TakeAll(*stream);
      std::this_thread::yield();
    }
    while (hub.published() < kRevisions + 1 || hub.stats().slow_watchers > 0) {
      sink.TakeAll(*stream);
      std::this_thread::yield();
    }
    stream->Close();
    Oracle oracle(history.log());
    oracle.Check(sink.Take(), requests);
  };
  std::vector<std::thread> clients;
  for (unsigned seed = 10; seed < 13; ++seed) clients.emplace_back(client, seed);
  publisher.join();
  for (std::thread& thread : clients) thread.join();
  EXPECT_EQ(hub.stats().watchers, 0);
  loop.Stop();
}

TEST(ConcurrentWatch, StreamsOpenAndCloseWhileOthersAreServed) {
  FakeHistory history;
  PumpLoop loop;
  Hub hub(history, history.revision(), {.recent_events = 2, .wake = [&] { loop.Wake(); }});
  loop.Start(hub);
  std::atomic<bool> publishing{true};
  std::thread publisher([&] {
    for (int i = 0; i < 500; ++i) hub.Publish(history.Put("/a"));
    publishing = false;
  });
  std::vector<std::thread> clients;
  for (int c = 0; c < 3; ++c) {
    clients.emplace_back([&] {
      while (publishing) {
        RecordingSink sink;
        auto stream = hub.OpenStream(sink);
        stream->CreateWatch({.key = "/a", .start_revision = 1, .prev_kv = true}, {});
        stream->CreateWatch({.key = "/", .range_end = "0"}, {});
        stream->CancelWatch(WatchId{1});
      }
    });
  }
  publisher.join();
  for (std::thread& thread : clients) thread.join();
  loop.Stop();
  EXPECT_EQ(hub.stats().watchers, 0);
  EXPECT_EQ(hub.stats().slow_watchers, 0);
}

}  // namespace
}  // namespace kvshim::watch
