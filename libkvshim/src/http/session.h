// Session: one HTTP/1.1 connection, plain or TLS, until it ends, is idle too long or misbehaves.
//
// Thread safety: everything happens on the listener's thread.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "http/pages.h"
#include "http/session_limits.h"

namespace kvshim::http {

using Socket = boost::asio::generic::stream_protocol::socket;

// Counts open connections: alive as long as the connection.
using ConnectionToken = std::shared_ptr<void>;

// `read_already`: the bytes that were read from the socket before.
void ServePlain(Socket socket, std::string read_already, const Pages& pages,
                const SessionLimits& limits, ConnectionToken token);
void ServeTls(Socket socket, std::string read_already, const Pages& pages,
              const SessionLimits& limits, std::shared_ptr<boost::asio::ssl::context> context,
              ConnectionToken token);

}  // namespace kvshim::http
