#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "etcd/watch_service.h"
#include "guard/driver/measure.h"
#include "guard/driver/operations.h"
#include "micro/must.h"
#include "micro/pods.h"
#include "rpc.pb.h"

namespace kvshim::guard {
namespace {

// A client that reads at once whatever it is sent.
class Reading final : public rpc::Stream {
 public:
  std::string peer() const override { return ""; }
  std::optional<std::string> Metadata(std::string_view /*key*/) const override { return {}; }
  std::string peer_common_name() const override { return ""; }
  bool cancelled() const override { return false; }

  void Send(rpc::Message message) override {
    ++messages_;
    while (message.size() > 0) message.Take(std::min(message.size(), size_t{16384}), outbox_);
    outbox_.Clear();
  }
  void Send(std::vector<rpc::Message> burst) override {
    for (rpc::Message& message : burst) Send(std::move(message));
  }
  size_t pending_bytes() const override { return 0; }
  bool is_backed_up() const override { return false; }
  void PauseReading() override {}
  void ResumeReading() override {}
  void Finish(absl::Status status) override { micro::Must(status); }

  int64_t messages() const { return messages_; }

 private:
  int64_t messages_ = 0;
  rpc::Outbox outbox_;
};

// Streams of the Watch service with one watcher each.
class Watchers {
 public:
  explicit Watchers(const etcd::ServiceContext& context) : service_(etcd::WatchService(context)) {}
  ~Watchers() { Clear(); }

  void Add(const std::string& key, const std::string& range_end) {
    etcdserverpb::WatchRequest request;
    request.mutable_create_request()->set_key(key);
    request.mutable_create_request()->set_range_end(range_end);
    streams_.push_back(std::make_shared<Reading>());
    handlers_.push_back(service_.methods().front().stream());
    handlers_.back()->OnOpen(streams_.back());
    handlers_.back()->OnMessage(rpc::Payload(request.SerializeAsString()));
  }
  void Clear() {
    for (const auto& handler : handlers_) handler->OnDone();
    handlers_.clear();
    streams_.clear();
  }
  // Events and what was answered to the requests.
  int64_t messages() const {
    int64_t sum = 0;
    for (const auto& stream : streams_) sum += stream->messages();
    return sum;
  }

 private:
  const rpc::Service service_;
  std::vector<std::shared_ptr<Reading>> streams_;
  std::vector<std::unique_ptr<rpc::StreamHandler>> handlers_;
};

// Changes that nobody committed, made beforehand: what is counted is the telling of them alone.
class Changes {
 public:
  explicit Changes(store::Engine& engine) : hub_(engine.hub()), revision_(engine.revision()) {}

  void Add(const std::string& key) {
    ++revision_;
    events_.emplace_back(KeyValue::Make({.key = key,
                                         .value = micro::PodValue(),
                                         .create_revision = revision_,
                                         .mod_revision = revision_,
                                         .version = 1}));
  }
  // The next so many of them, as one commit.
  void Publish(size_t count) {
    hub_.Publish(std::span(events_).subspan(published_, count));
    published_ += count;
  }

 private:
  watch::Hub& hub_;
  int64_t revision_;
  std::vector<watch::Event> events_;
  size_t published_ = 0;
};

void ExpectMessages(int64_t expected, const Watchers& watchers) {
  if (watchers.messages() == expected) return;
  micro::Must(absl::InternalError(base::Concat(watchers.messages(), " messages")));
}

}  // namespace

void MeasureWatches(ServedStore& served) {
  Watchers watchers(served.context());
  Changes changes(served.engine());

  constexpr int64_t kWatchers = 100;
  constexpr int64_t kBurst = 64;
  for (int64_t i = 0; i < kWatchers; ++i) watchers.Add(micro::kPods, micro::kPodsEnd);
  for (int64_t pod = 0; pod < 2 * kBurst; ++pod) changes.Add(micro::PodKey(pod));
  Measure("event", kWatchers * kBurst, [&] { changes.Publish(kBurst); });
  ExpectMessages(kWatchers * (1 + 2 * kBurst), watchers);
  watchers.Clear();

  constexpr int64_t kPods = 10'000;
  constexpr int64_t kRanges = 100;
  constexpr int64_t kChanges = 1000;
  for (int64_t pod = 0; pod < kPods; ++pod) watchers.Add(micro::PodKey(pod), "");
  for (int64_t range = 0; range < kRanges; ++range) {
    watchers.Add(micro::PodKey(range * kPods / kRanges),
                 micro::PodKey((range + 1) * kPods / kRanges));
  }
  for (int64_t i = 0; i < 2 * kChanges; ++i) changes.Add(micro::PodKey(i * 7919 % kPods));
  Measure("match", kChanges, [&] {
    for (int64_t i = 0; i < kChanges; ++i) changes.Publish(1);
  });
  ExpectMessages(kPods + kRanges + 2 * 2 * kChanges, watchers);
}

}  // namespace kvshim::guard
