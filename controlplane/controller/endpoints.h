// EndpointsController: keeps the Endpoints of each service that selects pods: their addresses,
// those that are ready and those that are not. Endpoints of services without a selector are
// somebody else's.
#pragma once

#include <string>

#include "controller/controller.h"
#include "controller/service_backends.h"

namespace kvplane::controller {

class EndpointsController : public Controller {
 public:
  explicit EndpointsController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a service

 private:
  Informer& endpoints_;
  ServiceBackends backends_;
};

}  // namespace kvplane::controller
