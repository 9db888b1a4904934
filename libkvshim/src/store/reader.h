// Reader: evaluates reads on the index, on the calling thread where every value is in memory, and
// otherwise on a thread of the pool that fetches what is missing.
//
// Linearizable on a database that only this process writes: the index holds every batch that was
// answered, since a batch is applied before it is answered, and none that is not durable, since it
// is applied after its commit. A read never waits for a commit.
//
// A row that is gone when it is fetched was compacted after the read was evaluated: the read is
// evaluated again. The index forgets a version before its row is deleted, so a version that the
// index still has while its row is gone for the second time is a damaged log; or, on a shared
// database, this server was away so long that the others went on without it: then it reads on first
// (`refresh`).
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "kvshim/store.h"
#include "log/log.h"
#include "mvcc/errors.h"
#include "mvcc/index.h"
#include "mvcc/values.h"

namespace kvshim::store {

class Reader {
 public:
  // `refresh` returns when memory holds all that is committed; it may block.
  Reader(mvcc::Index& index, log::Log& log, base::Executor& pool, base::MetricsRegistry& metrics,
         std::function<absl::Status()> refresh);

  // `evaluate`: absl::StatusOr<Response>(const mvcc::Index::View&, mvcc::Values&); called until it
  // wants no more values.
  template <typename Response, typename Function>
  void Read(Function evaluate, Callback<Response> done) {
    mvcc::Values values;
    absl::StatusOr<Response> response = Evaluate<Response>(evaluate, values);
    if (values.wanted().empty()) {
      hits_.Increment();
      done(std::move(response));
      return;
    }
    // Shared with the refusal below, which happens where the task is not taken.
    auto callback = std::make_shared<Callback<Response>>(std::move(done));
    auto task = [this, evaluate = std::move(evaluate), values = std::move(values),
                 callback]() mutable { (*callback)(Finish<Response>(evaluate, values)); };
    if (!pool_.Submit(std::move(task))) (*callback)(mvcc::TooManyRequests());
  }

  // The same on the calling thread, which may block.
  template <typename Response, typename Function>
  absl::StatusOr<Response> ReadHere(Function evaluate) {
    mvcc::Values values;
    absl::StatusOr<Response> response = Evaluate<Response>(evaluate, values);
    if (values.wanted().empty()) return response;
    return Finish<Response>(evaluate, values);
  }

  // Reads back what `values` wants and adds it. kAborted where rows were gone twice that another
  // server may have deleted: read on, and evaluate again.
  absl::Status Fetch(mvcc::Values& values);

 private:
  template <typename Response, typename Function>
  absl::StatusOr<Response> Evaluate(Function& evaluate, mvcc::Values& values) {
    mvcc::Index::View view(index_);
    return evaluate(view, values);
  }

  template <typename Response, typename Function>
  absl::StatusOr<Response> Finish(Function& evaluate, mvcc::Values& values) {
    while (true) {
      absl::Status fetched = Fetch(values);
      if (fetched.code() == absl::StatusCode::kAborted) fetched = refresh_();
      if (!fetched.ok()) return fetched;
      absl::StatusOr<Response> response = Evaluate<Response>(evaluate, values);
      if (values.wanted().empty()) return response;
    }
  }

  mvcc::Index& index_;
  log::Log& log_;
  base::Executor& pool_;
  const std::function<absl::Status()> refresh_;
  base::Counter& hits_;
  base::Counter& fetches_;
  base::Counter& fetched_values_;
};

}  // namespace kvshim::store
