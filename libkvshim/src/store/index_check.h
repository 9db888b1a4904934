// Whether the index, built from the log as a start does, gives back every row of the log.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "log/log.h"

namespace kvshim::store {

// Calls `visit` with what differs. An error means that it could not be carried out. Nothing may be
// appended meanwhile. Holds the index in memory, without values.
absl::Status CheckIndex(log::Log& log, const std::function<void(const log::Finding&)>& visit);

}  // namespace kvshim::store
