// TaintEvictionController: deletes pods from nodes with NoExecute taints that they do not tolerate,
// at once, or once the time for which they tolerate one is over. The time counts from when the
// taint came, so that it does not begin anew where another server comes to lead.
#pragma once

#include <optional>
#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class TaintEvictionController : public Controller {
 public:
  explicit TaintEvictionController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a pod

 private:
  // When a pod is to go, in seconds since 1970; nothing: it may stay.
  std::optional<int64_t> EndOf(const json::Object& pod) const;
  absl::Status Evict(const json::Object& pod);

  Informer& pods_;
  Informer& nodes_;
};

}  // namespace kvplane::controller
