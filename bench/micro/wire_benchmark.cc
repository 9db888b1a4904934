// Encoding and decoding: requests from their bytes, responses to theirs, as far as the frames.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "etcd/request_parser.h"
#include "etcd/wire.h"
#include "micro/must.h"
#include "micro/pods.h"
#include "rpc.pb.h"
#include "rpc/payload.h"

namespace kvshim::micro {
namespace {

const etcd::Header kHeader{.cluster_id = 0x1234567890abcdef,
                           .member_id = 0xfedcba0987654321,
                           .revision = 4711,
                           .raft_term = 2};

KeyValue Pod(int64_t number, size_t value_size) {
  return KeyValue::Make({.key = PodKey(number),
                         .value = PodValue(value_size),
                         .create_revision = 1000 + number,
                         .mod_revision = 2000 + number,
                         .version = 3});
}

// Takes the message out as a connection does, a frame at a time, and gives it up.
void Drain(rpc::Message message) {
  static rpc::Outbox outbox;
  while (message.size() > 0) message.Take(std::min(message.size(), size_t{16384}), outbox);
  benchmark::DoNotOptimize(outbox.size());
  outbox.Clear();
}

void EncodeRange(benchmark::State& state) {
  const int64_t rows = state.range(0);
  RangeResponse response{.count = rows};
  for (int64_t i = 0; i < rows; ++i) {
    response.kvs.push_back(Pod(i, static_cast<size_t>(state.range(1))));
  }
  for (auto _ : state) Drain(etcd::Encode(kHeader, response));
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(EncodeRange)->ArgNames({"rows", "bytes"})->ArgsProduct({{1, 500}, {256, 1024, 8192}});

void EncodeWatchEvent(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const watch::Event event(Pod(1, size), Pod(0, size));
  const watch::Event* const events[] = {&event};
  const watch::Response response{.watch_id = WatchId{1}, .revision = 4711, .events = events};
  for (auto _ : state) Drain(etcd::Encode(kHeader, response, 0, 1, false));
}
BENCHMARK(EncodeWatchEvent)->ArgName("bytes")->Arg(256)->Arg(1024)->Arg(8192);

void EncodeTxn(benchmark::State& state) {
  TxnResponse response{.revision = 4711, .succeeded = true};
  response.responses.emplace_back(PutResponse{.revision = 4711});
  for (auto _ : state) Drain(etcd::Encode(kHeader, response));
}
BENCHMARK(EncodeTxn);

// The answer to an update that came late: the present version.
void EncodeTxnLate(benchmark::State& state) {
  TxnResponse response{.revision = 4711};
  response.responses.emplace_back(
      RangeResponse{.revision = 4711, .kvs = {Pod(1, 1024)}, .count = 1});
  for (auto _ : state) Drain(etcd::Encode(kHeader, response));
}
BENCHMARK(EncodeTxnLate);

template <typename Request, typename Wire>
void DecodeEach(benchmark::State& state, const Wire& wire) {
  const std::string bytes = wire.SerializeAsString();
  for (auto _ : state) {
    Request request;
    if (!etcd::Parse(bytes, request)) Must(absl::InternalError("the request is malformed"));
    benchmark::DoNotOptimize(request);
  }
}

void DecodeRange(benchmark::State& state) {
  etcdserverpb::RangeRequest request;
  request.set_key(PodKey(1));
  DecodeEach<RangeRequest>(state, request);
}
BENCHMARK(DecodeRange);

void DecodePut(benchmark::State& state) {
  etcdserverpb::PutRequest request;
  request.set_key(PodKey(1));
  request.set_value(PodValue());
  DecodeEach<PutRequest>(state, request);
}
BENCHMARK(DecodePut);

// A guarded update of 1 KiB.
void DecodeTxn(benchmark::State& state) {
  etcdserverpb::TxnRequest request;
  etcdserverpb::Compare& guard = *request.add_compare();
  guard.set_target(etcdserverpb::Compare::MOD);
  guard.set_key(PodKey(1));
  guard.set_mod_revision(4711);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(PodKey(1));
  put.set_value(PodValue());
  request.add_failure()->mutable_request_range()->set_key(PodKey(1));
  DecodeEach<TxnRequest>(state, request);
}
BENCHMARK(DecodeTxn);

}  // namespace
}  // namespace kvshim::micro
