// Plugin: one concern of admission. What Kubernetes calls an admission plugin, by the same name.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include "absl/status/status.h"
#include "kvshim/store.h"
#include "registry/admission.h"

namespace kvplane::admission {

namespace json = api::json;
using registry::Attributes;

class Plugin {
 public:
  virtual ~Plugin() = default;

  // Whether it looks at such a request at all; asked for every write of every kind.
  virtual bool Handles(const Attributes& attributes) const = 0;

  virtual absl::Status Mutate(Attributes& /*attributes*/) { return absl::OkStatus(); }
  virtual absl::Status Validate(const Attributes& /*attributes*/) { return absl::OkStatus(); }
  virtual absl::Status Charge(const Attributes& /*attributes*/, kvshim::TxnRequest& /*request*/) {
    return absl::OkStatus();
  }
};

}  // namespace kvplane::admission
