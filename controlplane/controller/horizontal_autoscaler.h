// HorizontalAutoscaler: keeps what a HorizontalPodAutoscaler scales within its bounds, and says
// what it can do and what it cannot. Nobody serves metrics here, so the number of replicas is never
// computed: the status says so, as it does in any cluster without a metrics server.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controller/controller.h"

namespace kvplane::controller {

class HorizontalAutoscaler : public Controller {
 public:
  explicit HorizontalAutoscaler(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a HorizontalPodAutoscaler

 private:
  // Where the scale of its target is asked for.
  absl::StatusOr<std::string> ScalePath(const json::Object& autoscaler) const;
  void Judge(const json::Object& autoscaler, const std::string& path, json::Object scale,
             json::Object& status);
  void Rescale(const json::Object& autoscaler, const std::string& path, json::Object scale,
               int64_t replicas, std::string_view reason, json::Object& status);
  void TellMetricsAreMissing(const json::Object& autoscaler, json::Object& status);
  void Say(json::Object& status, std::string_view type, bool holds, std::string_view reason,
           std::string_view message) const;

  Informer& autoscalers_;
};

}  // namespace kvplane::controller
