// EndpointSliceController: keeps the EndpointSlices of each service that selects pods
// (slice_set.h). Slices of others are left alone.
#pragma once

#include <string>
#include <vector>

#include "controller/controller.h"
#include "controller/service_backends.h"

namespace kvplane::controller {

class EndpointSliceController : public Controller {
 public:
  explicit EndpointSliceController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a service

 private:
  std::vector<json::Object> SlicesOf(const std::string& key);
  json::Object Endpoint(const Backend& backend, const std::string& address,
                        const json::Object& service) const;

  Informer& slices_;
  Informer& nodes_;
  ServiceBackends backends_;
};

}  // namespace kvplane::controller
