// LeaseView: which leases exist, as far as the evaluation of a request must know.
#pragma once

#include "kvshim/key_value.h"

namespace kvshim::mvcc {

class LeaseView {
 public:
  virtual ~LeaseView() = default;
  virtual bool Exists(LeaseId id) const = 0;
};

}  // namespace kvshim::mvcc
