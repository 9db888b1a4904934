// CallObserver: hears of every call, for metrics.
//
// Thread safety: called from the loops' threads and from whatever thread sends, at once; an
// implementation is cheap and does not block.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "rpc/service.h"

namespace kvshim::rpc {

class CallObserver {
 public:
  virtual ~CallObserver() = default;

  // First, before any call: every method that will be served.
  virtual void OnMethods(const std::vector<const Method*>& methods) = 0;

  // `method` lives as long as the server; its address identifies it. OnHandled ends what
  // OnStarted began, once; kCancelled stands for clients that went away.
  virtual void OnStarted(const Method& method) = 0;
  virtual void OnReceived(const Method& method, size_t bytes) = 0;
  virtual void OnSent(const Method& method, size_t bytes) = 0;
  virtual void OnHandled(const Method& method, absl::StatusCode code, base::Duration took) = 0;
};

}  // namespace kvshim::rpc
