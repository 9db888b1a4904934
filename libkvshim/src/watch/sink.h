// Sink: where the responses of one client stream go. The transport implements it.
//
// Thread safety: the hub calls one sink's methods one at a time, under its lock, from whichever
// thread makes the hub send. They must be short, must not block, and must not call the hub or the
// stream, except Stream::Drained, which takes no lock of the hub's.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "watch/response.h"

namespace kvshim::watch {

class Sink {
 public:
  virtual ~Sink() = default;

  // Encodes and queues. Never refuses: the hub looks at pending_bytes() before it sends events,
  // and answers to requests (created, canceled) are sent always, so a transport should stop reading
  // requests of a client that does not read its responses.
  virtual void Send(const Response& response) = 0;

  // Bytes queued and not yet taken by the network. Shared values count in full. It may fall at any
  // time; it grows by Send only.
  virtual size_t pending_bytes() const = 0;

  // The hub shuts down: end the stream with this status. No Send follows.
  virtual void End(const absl::Status& status) = 0;
};

}  // namespace kvshim::watch
