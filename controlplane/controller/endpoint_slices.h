// EndpointSliceController: keeps the EndpointSlices of each service that selects pods: a hundred
// endpoints a slice, apart by address family and by the ports that the pods have. Slices of others
// are left alone.
//
// As few slices as possible are written: endpoints stay where they are, new ones come where there
// is room, and only what has changed is written again.
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
  absl::Status Write(const json::Object& service, std::vector<json::Object> wanted,
                     std::vector<json::Object> held);
  json::Object Endpoint(const Backend& backend, const std::string& address,
                        const json::Object& service) const;

  Informer& slices_;
  Informer& nodes_;
  ServiceBackends backends_;
};

}  // namespace kvplane::controller
