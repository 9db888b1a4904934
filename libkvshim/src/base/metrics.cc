#include "base/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>

namespace kvshim::base {

std::vector<double> ExponentialBuckets(double start, double factor, int count) {
  std::vector<double> buckets;
  for (double bound = start; count > 0; bound *= factor, --count) buckets.push_back(bound);
  return buckets;
}

Counter& MetricsRegistry::AddCounter(const std::string& name, const std::string& help,
                                     const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

Gauge& MetricsRegistry::AddGauge(const std::string& name, const std::string& help,
                                 const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

Histogram& MetricsRegistry::AddHistogram(const std::string& name, const std::string& help,
                                         const Labels& labels, const std::vector<double>& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels,
                                                                                    buckets);
}

void MetricsRegistry::AddGauge(const std::string& name, const std::string& help,
                               const Labels& labels, std::function<double()> read) {
  AddReader(name, help, labels, prometheus::MetricType::Gauge, std::move(read));
}

void MetricsRegistry::AddCounter(const std::string& name, const std::string& help,
                                 const Labels& labels, std::function<double()> read) {
  AddReader(name, help, labels, prometheus::MetricType::Counter, std::move(read));
}

void MetricsRegistry::AddReader(const std::string& name, const std::string& help,
                                const Labels& labels, prometheus::MetricType type,
                                std::function<double()> read) {
  MutexLock lock(mutex_);
  ReaderFamily& family = readers_[name];
  family.help = help;
  family.type = type;
  family.readers.push_back({labels, std::move(read)});
}

std::string MetricsRegistry::Render() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  std::map<std::string, ReaderFamily> readers;
  {
    // The functions run outside of the lock: they may take locks of their own.
    MutexLock lock(mutex_);
    readers = readers_;
  }
  for (const auto& [name, source] : readers) {
    prometheus::MetricFamily family{name, source.help, source.type, {}};
    for (const Reader& reader : source.readers) {
      prometheus::ClientMetric metric;
      for (const auto& [key, value] : reader.labels) metric.label.push_back({key, value});
      metric.gauge.value = metric.counter.value = reader.read();
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace kvshim::base
