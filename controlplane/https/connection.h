// Connection: one client over TLS, one exchange after the other, until it ends, idles too long or
// misbehaves. While a request is being answered the connection goes on listening, so that the
// handler hears of a client that leaves.
//
//   handshake -> await -> header -> body -> answer -> await -> …
//
// Thread safety: its I/O happens on a strand of its own; Drain may be called from any thread.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "apiserver/exchange.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "https/access.h"
#include "https/limits.h"

namespace kvplane::https {

using Socket = boost::asio::generic::stream_protocol::socket;

// Answers may come when the event loops are gone, and the listener with them. Who gives the loops
// work from another thread holds the gate meanwhile and looks whether it is open.
struct Gate {
  kvshim::base::SharedMutex mutex;
  bool open GUARDED_BY(mutex) = true;
};

// What the connections of a listener share; outlives them.
struct ConnectionPlace {
  Limits limits;
  apiserver::Handler handler;
  kvshim::base::Executor* executor = nullptr;  // runs the handler
  std::function<void(const Access&)> on_answered;
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Drain() = 0;
  // Lets go of an answer that is still open. When no event loop runs any more.
  virtual void Discard() = 0;
};

// Begins to serve the socket. `counted` is kept as long as the connection.
std::shared_ptr<Connection> Serve(Socket socket, std::shared_ptr<boost::asio::ssl::context> context,
                                  ConnectionPlace& place, std::string peer,
                                  std::shared_ptr<void> counted);

}  // namespace kvplane::https
