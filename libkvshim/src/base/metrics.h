// Metrics: counters, gauges and histograms by name, rendered in Prometheus' text format. Thin over
// prometheus-cpp, whose classes are used as they are.
//
// Thread safety: everything may be called from any thread. A metric lives as long as its registry;
// keep the reference, looking one up by name costs a lock and a search.
//
//   Counter& puts = registry.AddCounter("etcd_mvcc_put_total", "Puts seen by this server.");
//   puts.Increment();
//   registry.AddGauge("kvshim_index_keys", "Keys in the index.", {}, [&] { return index.size(); });
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace kvshim::base {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

// `count` upper bounds, the first `start`, each `factor` times the one before.
std::vector<double> ExponentialBuckets(double start, double factor, int count);

class MetricsRegistry {
 public:
  // The one of this name and these labels, made where it is new.
  Counter& AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // Buckets of etcd's latencies: from a millisecond, doubling, 14 of them.
  Histogram& AddHistogram(const std::string& name, const std::string& help,
                          const Labels& labels = {},
                          const std::vector<double>& buckets = ExponentialBuckets(0.001, 2, 14));

  // Metrics whose value is asked for at each Render, on its thread. `read` must be thread-safe and
  // what it refers to must outlive the last Render.
  void AddGauge(const std::string& name, const std::string& help, const Labels& labels,
                std::function<double()> read);
  void AddCounter(const std::string& name, const std::string& help, const Labels& labels,
                  std::function<double()> read);

  // Every metric, sorted by name.
  std::string Render() const;

 private:
  struct Reader {
    Labels labels;
    std::function<double()> read;
  };
  struct ReaderFamily {
    std::string help;
    prometheus::MetricType type;
    std::vector<Reader> readers;
  };

  void AddReader(const std::string& name, const std::string& help, const Labels& labels,
                 prometheus::MetricType type, std::function<double()> read);

  prometheus::Registry registry_;
  mutable Mutex mutex_;
  std::map<std::string, ReaderFamily> readers_ GUARDED_BY(mutex_);
};

// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
// process_open_fds, process_max_fds, process_start_time_seconds, as Prometheus' clients have them.
void AddProcessMetrics(MetricsRegistry& registry);

}  // namespace kvshim::base
