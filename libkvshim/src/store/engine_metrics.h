// EngineMetrics: what the engine counts, under etcd's names where etcd has one, else kvshim_*.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include "base/metrics.h"
#include "sql/statistics.h"

namespace kvshim::store {

class EngineMetrics {
 public:
  explicit EngineMetrics(base::MetricsRegistry& registry);

  void OnCommit(const sql::CommitSample& sample);

  base::Counter& puts;
  base::Counter& ranges;
  base::Counter& deletes;
  base::Counter& txns;

 private:
  base::Histogram& commit_seconds_;
  base::Histogram& sync_seconds_;
  base::Histogram& batch_rows_;
  base::Counter& batch_bytes_;
};

}  // namespace kvshim::store
