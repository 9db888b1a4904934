// RequestMetrics: counts answered requests, under the names that Kubernetes' dashboards know.
//
// Thread safety: Count may be called from any thread.
#pragma once

#include "base/metrics.h"
#include "https/access.h"

namespace kvplane::server {

class RequestMetrics {
 public:
  explicit RequestMetrics(kvshim::base::MetricsRegistry& registry) : registry_(registry) {}

  void Count(const https::Access& access);

 private:
  kvshim::base::MetricsRegistry& registry_;
};

}  // namespace kvplane::server
