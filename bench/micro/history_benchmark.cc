// Histories: finding the version of a revision, the place of a revision in the log of changes, and
// forgetting what is compacted.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "micro/filled_index.h"
#include "mvcc/change_log.h"
#include "mvcc/key_history.h"

namespace kvshim::micro {
namespace {

void HistoryAt(benchmark::State& state) {
  mvcc::KeyHistory history(PodKey(1));
  for (int64_t i = 0; i < state.range(0); ++i) history.versions.push_back({.main = 2 + 2 * i});
  int64_t revision = 0;
  for (auto _ : state) {
    revision = (revision + 7919) % (2 * state.range(0)) + 2;
    benchmark::DoNotOptimize(history.At(revision));
  }
}
BENCHMARK(HistoryAt)->ArgName("versions")->Arg(1)->Arg(10)->Arg(1'000);

void ChangeLogLowerBound(benchmark::State& state) {
  mvcc::KeyHistory history(PodKey(1));
  mvcc::ChangeLog log;
  for (int64_t i = 0; i < state.range(0); ++i) log.Add({2 + i, 0}, history);
  int64_t revision = 0;
  for (auto _ : state) {
    revision = (revision + 7919) % state.range(0) + 2;
    benchmark::DoNotOptimize(log.LowerBound(revision));
  }
}
BENCHMARK(ChangeLogLowerBound)->ArgName("changes")->Arg(1'000)->Arg(1'000'000);

// Ten thousand keys of ten versions each, of which nine are dead.
void HistoryReclaim(benchmark::State& state) {
  constexpr int64_t kKeys = 10'000;
  constexpr int kVersions = 10;
  std::vector<mvcc::Revision> dead;
  for (auto _ : state) {
    state.PauseTiming();
    auto filled = std::make_unique<FilledIndex>(kKeys);
    for (int version = 1; version < kVersions; ++version) {
      for (int64_t number = 0; number < kKeys; ++number) filled->Put(PodKey(number));
    }
    const int64_t revision = filled->index().revision();
    filled->index().Compact(revision);
    dead.clear();
    std::string cursor;
    state.ResumeTiming();
    while (filled->index().Reclaim(revision, cursor, 1'000, dead)) {
    }
    state.PauseTiming();
    filled.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(dead.size()));
}
BENCHMARK(HistoryReclaim)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvshim::micro
