// ClusterRoleAggregator: gives cluster roles with an aggregationRule the rules of those that it
// selects.
#pragma once

#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class ClusterRoleAggregator : public Controller {
 public:
  explicit ClusterRoleAggregator(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a cluster role

 private:
  Informer& roles_;
};

}  // namespace kvplane::controller
