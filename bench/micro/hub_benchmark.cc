// The hub: which watchers a change concerns, and what it costs to tell many of it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "etcd/wire.h"
#include "micro/pods.h"
#include "watch/hub.h"

namespace kvshim::micro {
namespace {

// Nobody is behind: history is never read.
class NoHistory final : public watch::History {
 public:
  absl::StatusOr<watch::HistoryChunk> Read(const mvcc::KeyRange& /*range*/, int64_t /*from*/,
                                           int64_t /*to*/, size_t /*max_bytes*/,
                                           bool /*prev_kv*/) override {
    return absl::InternalError("there is no history");
  }
  int64_t revision() const override { return 0; }
  int64_t compact_revision() const override { return 0; }
};

// A client that takes what it is sent at once: encoded, or not even that.
class Client final : public watch::Sink {
 public:
  Client(watch::Hub& hub, bool encodes) : encodes_(encodes), stream_(hub.OpenStream(*this)) {}

  void Watch(const WatchRequest& request) { stream_->CreateWatch(request, {}); }
  int64_t events() const { return events_; }

  void Send(const watch::Response& response) override {
    events_ += static_cast<int64_t>(response.events.size());
    if (!encodes_) return;
    rpc::Message message = etcd::Encode({.cluster_id = 1, .revision = response.revision}, response,
                                        0, response.events.size(), false);
    benchmark::DoNotOptimize(message.size());
  }
  size_t pending_bytes() const override { return 0; }
  void End(const absl::Status& /*status*/) override {}

 private:
  const bool encodes_;
  int64_t events_ = 0;
  std::unique_ptr<watch::Stream> stream_;
};

class Watched {
 public:
  watch::Hub& hub() { return hub_; }

  Client& Add(bool encodes, const WatchRequest& request) {
    clients_.push_back(std::make_unique<Client>(hub_, encodes));
    clients_.back()->Watch(request);
    return *clients_.back();
  }
  // Publishes a version of each key, all in one group commit.
  void Publish(const std::vector<std::string>& keys, const std::string& value) {
    events_.clear();
    for (const std::string& key : keys) {
      ++revision_;
      events_.emplace_back(KeyValue::Make({.key = key,
                                           .value = value,
                                           .create_revision = revision_,
                                           .mod_revision = revision_,
                                           .version = 1}));
    }
    hub_.Publish(events_);
  }
  int64_t events() const {
    int64_t sum = 0;
    for (const auto& client : clients_) sum += client->events();
    return sum;
  }

 private:
  NoHistory history_;
  int64_t revision_ = 1;
  watch::Hub hub_{history_, revision_, {}};
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<watch::Event> events_;
};

std::string NodeKey(int64_t node, int64_t pod) {
  return base::Concat("/registry/pods/node-", 100 + node, "/pod-", 100'000 + pod);
}

constexpr int64_t kNodes = 100;
constexpr int64_t kPodsOfNode = 100;

// 10,000 watchers of one pod each and 100 of a node's: one change is heard by one of either kind,
// or by nobody.
void Match(benchmark::State& state, bool heard) {
  Watched watched;
  for (int64_t node = 0; node < kNodes; ++node) {
    watched.Add(false, {.key = base::Concat("/registry/pods/node-", 100 + node, "/"),
                        .range_end = base::Concat("/registry/pods/node-", 100 + node, "0")});
    for (int64_t pod = 0; pod < kPodsOfNode; ++pod) {
      watched.Add(false, {.key = NodeKey(node, pod)});
    }
  }
  const std::string value = PodValue();
  std::vector<std::string> key(1);
  int64_t next = 0;
  for (auto _ : state) {
    next = (next + 7919) % (kNodes * kPodsOfNode);
    key[0] = NodeKey(next % kNodes + (heard ? 0 : kNodes), next / kNodes);
    watched.Publish(key, value);
  }
  state.counters["heard"] =
      benchmark::Counter(static_cast<double>(watched.events()), benchmark::Counter::kAvgIterations);
}
void HubMatch(benchmark::State& state) { Match(state, true); }
BENCHMARK(HubMatch);
void HubMatchNobody(benchmark::State& state) { Match(state, false); }
BENCHMARK(HubMatchNobody);

// A burst of 64 changes to so many watchers of one prefix, encoded for each.
void HubFanOut(benchmark::State& state) {
  constexpr int64_t kBurst = 64;
  Watched watched;
  for (int64_t i = 0; i < state.range(0); ++i) {
    watched.Add(true, {.key = kPods, .range_end = kPodsEnd});
  }
  const std::string value = PodValue();
  std::vector<std::string> keys;
  for (int64_t i = 0; i < kBurst; ++i) keys.push_back(PodKey(i));
  for (auto _ : state) watched.Publish(keys, value);
  state.SetItemsProcessed(watched.events());
}
BENCHMARK(HubFanOut)->ArgName("watchers")->Arg(50)->Arg(500)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kvshim::micro
