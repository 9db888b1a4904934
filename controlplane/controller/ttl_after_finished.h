// TtlAfterFinishedController: removes jobs that have finished as long ago as they want to stay
// (spec.ttlSecondsAfterFinished).
#pragma once

#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class TtlAfterFinishedController : public Controller {
 public:
  explicit TtlAfterFinishedController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a job

 private:
  Informer& jobs_;
};

}  // namespace kvplane::controller
