// Where a closed loop gets its requests: one implementation a workload (write_calls, read_calls).
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"

namespace kvshim::bench {

class Calls {
 public:
  virtual ~Calls() = default;

  // All its requests go to one method.
  virtual const char* method() const = 0;

  // The next request of the client numbered `client`, which has none under way.
  virtual grpc::ByteBuffer Next(int client) = 0;

  // Takes the reply to that request; an error ends the measurement. It looks only as far as it
  // must: the processor it needs is missing to the server beside it.
  virtual absl::Status Check(int client, grpc::ByteBuffer& reply) = 0;
};

}  // namespace kvshim::bench
