// SliceMirroringController: mirrors Endpoints that people write by hand, for services without a
// selector, into EndpointSlices, which is what those who route read.
//
// Endpoints of services that select pods have slices of their own; so have those that are labelled
// so (the API server's), and those that are locks of a leader are none.
#pragma once

#include <string>
#include <vector>

#include "controller/controller.h"

namespace kvplane::controller {

class SliceMirroringController : public Controller {
 public:
  explicit SliceMirroringController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // Endpoints

 private:
  std::vector<json::Object> SlicesOf(const std::string& key) const;
  absl::Status DeleteSlices(const std::string& key);

  Informer& endpoints_;
  Informer& services_;
  Informer& slices_;
};

}  // namespace kvplane::controller
