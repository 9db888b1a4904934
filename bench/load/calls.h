// Where a loop gets its requests: one implementation a workload (write_calls, read_calls, ...).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "channel.h"

namespace kvshim::bench {

class Calls {
 public:
  virtual ~Calls() = default;

  // Serializes the next request of the client numbered `client`, which has none under way, into
  // `request`, and returns its method.
  virtual const char* Next(int client, std::string& request) = 0;

  // Takes the reply to that request; an error ends the measurement. It looks only as far as it
  // must: the processor it needs is missing to the server beside it.
  virtual absl::Status Check(int client, const Reply& reply) = 0;

  // How much of a reply Check looks at.
  virtual size_t kept_bytes() const { return SIZE_MAX; }

  // Each client has one stream, on which its requests follow each other.
  virtual bool is_stream() const { return false; }
};

}  // namespace kvshim::bench
