// The whole engine in process, on SQLite: one client alone, and 64 writes that wait at once and
// share their commits. `full` flushes every commit to the device, `off` leaves that to the system.
#include <benchmark/benchmark.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/temporary_directory.h"
#include "kvshim/store.h"
#include "micro/must.h"
#include "micro/pods.h"

namespace kvshim::micro {
namespace {

constexpr int64_t kKeys = 10'000;
constexpr int64_t kWaiting = 64;

// A store with so many pods of 1 KiB, all of them in memory.
class FilledStore {
 public:
  explicit FilledStore(bool full)
      : directory_(Must(base::TemporaryDirectory::Make(""))),
        store_(Must(Store::Open(base::Concat("sqlite://", directory_->path(),
                                             "/state.db?synchronous=", full ? "full" : "off"),
                                {.memory_budget = size_t{64} << 20}))) {
    for (int64_t number = 0; number < kKeys; number += kWaiting) {
      std::vector<TxnRequest> requests;
      for (int64_t i = number; i < number + kWaiting; ++i) {
        requests.push_back(CreatePod(PodKey(i), PodValue()));
      }
      Commit(std::move(requests));
    }
  }

  Store& store() { return *store_; }

  // Sends them all, and returns when each is answered; all must succeed.
  void Commit(std::vector<TxnRequest> requests) {
    std::vector<std::promise<absl::StatusOr<TxnResponse>>> promises(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      store_->Txn(std::move(requests[i]), [&promise = promises[i]](auto response) {
        promise.set_value(std::move(response));
      });
    }
    for (auto& promise : promises) {
      const TxnResponse response = Must(promise.get_future().get());
      if (!response.succeeded) Must(absl::InternalError("the guard is wrong"));
    }
  }

  TxnRequest NextUpdate() {
    const std::string key = PodKey(NextNumber());
    const RangeResponse got = Must(store_->Range({.key = key}));
    return UpdatePod(key, got.kvs[0].mod_revision(), PodValue());
  }
  // No key comes twice among `kWaiting`.
  int64_t NextNumber() { return number_ = (number_ + 7919) % kKeys; }

 private:
  const std::unique_ptr<base::TemporaryDirectory> directory_;
  const std::unique_ptr<Store> store_;
  int64_t number_ = 0;
};

// Wall time, as other threads do the work; both ways to flush.
void BothWays(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("full")->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

void StoreGet(benchmark::State& state) {
  FilledStore filled(false);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Must(filled.store().Range({.key = PodKey(filled.NextNumber())})));
  }
}
BENCHMARK(StoreGet)->Unit(benchmark::kMicrosecond);

void StoreList(benchmark::State& state) {
  constexpr int64_t kLimit = 500;
  FilledStore filled(false);
  for (auto _ : state) {
    const RangeResponse page =
        Must(filled.store().Range({.key = kPods, .range_end = kPodsEnd, .limit = kLimit}));
    benchmark::DoNotOptimize(page.count);
  }
  state.SetItemsProcessed(state.iterations() * kLimit);
}
BENCHMARK(StoreList)->Unit(benchmark::kMicrosecond);

void StorePut(benchmark::State& state) {
  FilledStore filled(state.range(0) != 0);
  const std::string value = PodValue();
  for (auto _ : state) {
    Must(filled.store().Put({.key = PodKey(filled.NextNumber()), .value = value}));
  }
}
BENCHMARK(StorePut)->Apply(BothWays);

void StoreGuardedUpdate(benchmark::State& state) {
  FilledStore filled(state.range(0) != 0);
  for (auto _ : state) {
    const TxnResponse response = Must(filled.store().Txn(filled.NextUpdate()));
    if (!response.succeeded) Must(absl::InternalError("the guard is wrong"));
  }
}
BENCHMARK(StoreGuardedUpdate)->Apply(BothWays);

// Each preceded by the get that it is guarded with, as those of one client.
void StoreGuardedUpdates64(benchmark::State& state) {
  FilledStore filled(state.range(0) != 0);
  for (auto _ : state) {
    std::vector<TxnRequest> requests;
    for (int64_t i = 0; i < kWaiting; ++i) requests.push_back(filled.NextUpdate());
    filled.Commit(std::move(requests));
  }
  state.SetItemsProcessed(state.iterations() * kWaiting);
}
BENCHMARK(StoreGuardedUpdates64)->Apply(BothWays);

}  // namespace
}  // namespace kvshim::micro
