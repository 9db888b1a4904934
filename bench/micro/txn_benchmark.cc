// Transactions as Kubernetes sends them, evaluated in batches of 64 as the committer does it: no
// disk, nothing applied.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "micro/filled_index.h"
#include "micro/must.h"
#include "mvcc/request_check.h"
#include "mvcc/write_batch.h"

namespace kvshim::micro {
namespace {

constexpr int64_t kKeys = 100'000;
constexpr int64_t kBatch = 64;

struct NoLeases final : mvcc::LeaseView {
  bool Exists(LeaseId /*id*/) const override { return false; }
};

void Evaluate(benchmark::State& state, const std::vector<TxnRequest>& requests, bool succeeded) {
  mvcc::Index& index = FilledIndex::Of(kKeys).index();
  const NoLeases leases;
  size_t next = 0;
  for (auto _ : state) {
    mvcc::WriteBatch batch(index.revision(), leases);
    for (int64_t i = 0; i < kBatch; ++i) {
      const TxnRequest& request = requests[next++ % requests.size()];
      mvcc::Values values;
      const mvcc::Index::View view(index);
      const TxnResponse response = Must(batch.Txn(view, request, values));
      if (response.succeeded != succeeded) Must(absl::InternalError("the guard is wrong"));
    }
    benchmark::DoNotOptimize(batch.changes().data());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// So many that a batch meets none of them twice.
std::vector<TxnRequest> Requests(const auto& make) {
  std::vector<TxnRequest> requests;
  for (int64_t i = 0; i < 16 * kBatch; ++i) requests.push_back(make(i));
  return requests;
}

int64_t ModRevision(const std::string& key) {
  const mvcc::Index::View view(FilledIndex::Of(kKeys).index());
  return view.Find(key)->newest().main;
}

void TxnCreate(benchmark::State& state) {
  const auto create = [](int64_t i) { return CreatePod(PodKey(kKeys + i * 97), PodValue()); };
  Evaluate(state, Requests(create), true);
}
BENCHMARK(TxnCreate);

void TxnUpdate(benchmark::State& state) {
  const auto update = [](int64_t i) {
    const std::string key = PodKey(i * 97);
    return UpdatePod(key, ModRevision(key), PodValue());
  };
  Evaluate(state, Requests(update), true);
}
BENCHMARK(TxnUpdate);

// The client had an older version: it is given the present one.
void TxnUpdateLate(benchmark::State& state) {
  const auto update = [](int64_t i) { return UpdatePod(PodKey(i * 97), 1, PodValue()); };
  Evaluate(state, Requests(update), false);
}
BENCHMARK(TxnUpdateLate);

void TxnCheck(benchmark::State& state) {
  const TxnRequest request = UpdatePod(PodKey(1), 7, PodValue());
  for (auto _ : state) benchmark::DoNotOptimize(mvcc::Check(request, 128));
}
BENCHMARK(TxnCheck);

}  // namespace
}  // namespace kvshim::micro
