// PodGarbageCollector: removes pods that no node will ever end: those of nodes that are gone, 40 s
// after that was noticed, and the oldest of those that have ended, where there are more than
// 12,500.
#pragma once

#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class PodGarbageCollector : public Controller {
 public:
  explicit PodGarbageCollector(Environment& environment, size_t most_ended = 12500);

  absl::Status Sync(const std::string& key) override;  // a node, or ""

 private:
  absl::Status RemoveOrphans(const std::string& node);
  absl::Status RemoveEnded();
  absl::Status Remove(const json::Object& pod);

  const size_t most_ended_;
  Informer& pods_;
  Informer& nodes_;
};

}  // namespace kvplane::controller
