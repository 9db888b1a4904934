// Channel: a connection that has left HTTP (an Upgrade, answered with 101) for frames both ways:
// four bytes of length, least significant first, then the bytes. Where a side has had nothing to
// send for a while it sends an empty frame, so that the other knows that it lives.
//
// Thread safety: Send and Close from any thread; the events come on the connection's own thread,
// one at a time. After Close, or the end, no more come. The thread must outlive every call.
//
//   channel->Start({.on_frame = [&](std::string_view frame) { return Take(frame); },
//                   .on_end = [&] { … }});
//   channel->Send("hello");
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kvshim::http {

class Channel {
 public:
  struct Events {
    // False ends the connection. The frame is valid during the call.
    std::function<bool(std::string_view frame)> on_frame;
    std::function<void()> on_end;  // once; not after Close
  };

  // A frame may be so long, and so much may wait for a peer that is slow; beyond that it ends.
  static constexpr size_t kMaxFrame = 64 << 20;
  static constexpr size_t kMaxWaiting = 128 << 20;
  static constexpr std::chrono::milliseconds kSignOfLife{300};

  virtual ~Channel() = default;
  virtual void Start(Events events) = 0;
  virtual void Send(std::string frame) = 0;
  virtual void Close() = 0;

  // The same bytes at both ends of one TLS connection, and at no other; empty without TLS.
  virtual std::string binding() const = 0;
};

using PlainStream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
using TlsStream = boost::asio::ssl::stream<PlainStream>;

// `read_already`: what came after the head of the request or of its answer. `keeps` lives as long
// as the connection.
std::shared_ptr<Channel> MakeChannel(PlainStream stream, std::string_view read_already,
                                     std::shared_ptr<void> keeps);
std::shared_ptr<Channel> MakeChannel(TlsStream stream, std::string_view read_already,
                                     std::shared_ptr<void> keeps);

}  // namespace kvshim::http
