#include "store/engine_metrics.h"

#include <chrono>

namespace kvshim::store {

EngineMetrics::EngineMetrics(base::MetricsRegistry& registry)
    : puts(registry.AddCounter("etcd_mvcc_put_total", "Total number of puts seen by this member.")),
      ranges(registry.AddCounter("etcd_mvcc_range_total",
                                 "Total number of ranges seen by this member.")),
      deletes(registry.AddCounter("etcd_mvcc_delete_total",
                                  "Total number of deletes seen by this member.")),
      txns(registry.AddCounter("etcd_mvcc_txn_total", "Total number of txns seen by this member.")),
      commit_seconds_(
          registry.AddHistogram("etcd_disk_backend_commit_duration_seconds",
                                "The latency distributions of commit called by backend.")),
      sync_seconds_(registry.AddHistogram("etcd_disk_wal_fsync_duration_seconds",
                                          "The latency distributions of fsync called by WAL.")),
      batch_rows_(registry.AddHistogram("kvshim_batch_rows", "Changes in one group commit.", {},
                                        base::ExponentialBuckets(1, 2, 12))),
      batch_bytes_(
          registry.AddCounter("kvshim_batch_bytes_total", "Bytes of keys and values committed.")) {}

void EngineMetrics::OnCommit(const sql::CommitSample& sample) {
  commit_seconds_.Observe(std::chrono::duration<double>(sample.total).count());
  sync_seconds_.Observe(std::chrono::duration<double>(sample.sync).count());
  batch_rows_.Observe(static_cast<double>(sample.rows));
  batch_bytes_.Increment(static_cast<double>(sample.bytes));
}

}  // namespace kvshim::store
