// CallMetrics: the metrics of gRPC calls, under the names that grpc-go's and etcd's dashboards use.
//
// Thread safety: as CallObserver.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/metrics.h"
#include "rpc/observer.h"

namespace kvshim::etcd {

class CallMetrics final : public rpc::CallObserver {
 public:
  explicit CallMetrics(base::MetricsRegistry& registry);

  void OnMethods(const std::vector<const rpc::Method*>& methods) override;
  void OnStarted(const rpc::Method& method) override;
  void OnReceived(const rpc::Method& method, size_t bytes) override;
  void OnSent(const rpc::Method& method, size_t bytes) override;
  void OnHandled(const rpc::Method& method, absl::StatusCode code, base::Duration took) override;

 private:
  static constexpr size_t kCodes = 17;

  struct MethodMetrics {
    base::Counter* started;
    base::Counter* messages_received;
    base::Counter* messages_sent;
    base::Histogram* handling_seconds;
    std::array<base::Counter*, kCodes> handled;
  };

  base::MetricsRegistry& registry_;
  base::Counter& sent_bytes_;
  base::Counter& received_bytes_;
  absl::flat_hash_map<const rpc::Method*, std::unique_ptr<MethodMetrics>> methods_;
};

}  // namespace kvshim::etcd
