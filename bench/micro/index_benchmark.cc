// The index: gets, ranges, counts and puts in a store of a thousand to a million keys, now and as
// of an older revision.
#include <benchmark/benchmark.h>

#include <vector>

#include "micro/filled_index.h"
#include "mvcc/range_read.h"

namespace kvshim::micro {
namespace {

using mvcc::Index;

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("keys");
  for (const int64_t keys : {1'000, 10'000, 100'000, 1'000'000}) benchmark->Arg(keys);
}

// Reads `request` at `revision`, 0: the newest, and says how many keys came.
size_t Read(Index& index, const RangeRequest& request, int64_t revision) {
  mvcc::Values values;
  const Index::View view(index);
  const mvcc::IndexState state(view, revision > 0 ? revision : view.revision());
  RangeResponse response = mvcc::ReadRange(request, state, values);
  benchmark::DoNotOptimize(response);
  return response.kvs.size();
}

void IndexGet(benchmark::State& state) {
  FilledIndex& filled = FilledIndex::Of(state.range(0));
  RangeRequest request;
  for (auto _ : state) {
    request.key = filled.NextKey();
    Read(filled.index(), request, 0);
  }
}
BENCHMARK(IndexGet)->Apply(Sizes);

void IndexGetOld(benchmark::State& state) {
  FilledIndex& filled = FilledIndex::Of(state.range(0));
  RangeRequest request;
  for (auto _ : state) {
    request.key = filled.NextKey();
    Read(filled.index(), request, filled.before_updates());
  }
}
BENCHMARK(IndexGetOld)->Apply(Sizes);

// A page: so many keys from a random one on, and how many there are in all.
void ReadPages(benchmark::State& state, bool old) {
  FilledIndex& filled = FilledIndex::Of(state.range(0));
  const int64_t limit = state.range(1);
  const int64_t revision = old ? filled.before_updates() : 0;
  RangeRequest request{.range_end = kPodsEnd, .limit = limit};
  int64_t rows = 0;
  for (auto _ : state) {
    request.key = PodKey(filled.NextNumber() % (filled.keys() - limit));
    rows += static_cast<int64_t>(Read(filled.index(), request, revision));
  }
  state.SetItemsProcessed(rows);
}
void IndexPage(benchmark::State& state) { ReadPages(state, false); }
BENCHMARK(IndexPage)
    ->ArgNames({"keys", "limit"})
    ->ArgsProduct({{1'000, 10'000, 100'000, 1'000'000}, {10, 500}});
void IndexPageOld(benchmark::State& state) { ReadPages(state, true); }
BENCHMARK(IndexPageOld)->ArgNames({"keys", "limit"})->ArgsProduct({{1'000, 1'000'000}, {10, 500}});

void IndexCount(benchmark::State& state) {
  FilledIndex& filled = FilledIndex::Of(state.range(0));
  const RangeRequest request{.key = kPods, .range_end = kPodsEnd, .count_only = true};
  for (auto _ : state) Read(filled.index(), request, 0);
}
BENCHMARK(IndexCount)->Apply(Sizes);

// A thousand changes later.
void IndexCountOld(benchmark::State& state) {
  FilledIndex& filled = FilledIndex::Of(state.range(0));
  const RangeRequest request{.key = kPods, .range_end = kPodsEnd, .count_only = true};
  for (auto _ : state) Read(filled.index(), request, filled.before_updates());
}
BENCHMARK(IndexCountOld)->Apply(Sizes);

// A group commit of 64 updates. On an index of its own: it leaves versions behind.
void IndexApply(benchmark::State& state) {
  constexpr int64_t kBatch = 64;
  FilledIndex filled(state.range(0));
  std::vector<KeyValue> changes;
  for (auto _ : state) {
    state.PauseTiming();
    const int64_t revision = filled.index().revision();
    changes.clear();
    for (int64_t i = 1; i <= kBatch; ++i) {
      changes.push_back(filled.NextVersion(filled.NextKey(), revision + i));
    }
    state.ResumeTiming();
    filled.index().Apply(changes, revision + kBatch);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(IndexApply)->Apply(Sizes);

}  // namespace
}  // namespace kvshim::micro
