// WatchNews: what the load generator wants of a WatchResponse, read from the wire without copying.
// At hundreds of thousands of events a second, parsing into messages would cost it most of its
// time.
//
// Thread safety: a value. The views live as long as the bytes that were read.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace kvshim::bench {

struct WatchNews {
  bool created = false;
  bool canceled = false;
  std::string_view cancel_reason;
  std::vector<std::string_view> values;  // of the events' keys

  absl::Status Read(std::string_view bytes);
};

}  // namespace kvshim::bench
