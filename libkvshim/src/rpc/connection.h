// Connection: one client's HTTP/2 connection: its socket, its encryption, its calls.
//
// nghttp2 knows the protocol; this reads and writes for it, makes an Exchange of each request, and
// sends what exchanges have. What it costs is bounded: the bytes a client may send before they are
// looked at by HTTP/2's windows, what waits to be sent by the socket's own buffer and one turn's
// worth, everything else by the exchanges. Large pieces of messages are sent from where they lie;
// those that wait for room keep their owners, whatever becomes of the call.
//
// Thread safety: everything on the loop's thread, but for loop, peer and peer_common_name.
#pragma once

#include <nghttp2/nghttp2.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "rpc/event_loop.h"
#include "rpc/exchange.h"
#include "rpc/outbox.h"
#include "rpc/server_state.h"
#include "rpc/tls_session.h"

namespace kvshim::rpc {

class Connection final : public EventLoop::Flushable,
                         public std::enable_shared_from_this<Connection> {
 public:
  // Takes the socket over. `tls`: null where the client speaks plain text.
  Connection(ServerState& state, EventLoop& loop, int fd, std::unique_ptr<TlsSession> tls);
  ~Connection() override;

  // Begins with what has been read from it already.
  void Start(const std::string& read_already);
  // Tells the client to send no further calls.
  void SayGoodbye();
  // Lets what is to be sent go out, then closes; at once where `cut`.
  void Close(bool cut);

  EventLoop& loop() { return loop_; }
  // As gRPC writes it: ipv4:127.0.0.1:41234, unix:.
  const std::string& peer() const { return peer_; }
  // Constant once a call can ask.
  const std::string& peer_common_name() const { return peer_common_name_; }

  // By its exchanges.
  void BeginAnswer(Exchange& exchange);
  void ResumeAnswer(Exchange& exchange);
  // `arrived` bytes of the connection's window are free again and `consumed` of the stream's.
  void Consume(int32_t id, size_t arrived, size_t consumed);

  void Flush() override;

 private:
  using Socket = boost::asio::generic::stream_protocol::socket;
  class Callbacks;  // nghttp2's, which end in the functions below (connection_callbacks.cc)
  static const nghttp2_session_callbacks* SessionCallbacks();
  static nghttp2_data_provider SupplierOf(Exchange& exchange);

  void WaitForBytes();
  void Readable();
  void Arrived(std::string_view bytes);
  void Process(std::string_view plain);

  void BeginRequest();
  bool AddHeader(std::string_view name, std::string_view value);
  void RequestArrived(int32_t id);
  Exchange* Find(int32_t id) const;
  void StreamClosed(int32_t id);
  void PingArrived();
  void FlushSoon();
  // Whether what nghttp2 has written is enough for one turn.
  bool IsStaged() const;
  void SendCipher();
  // What does not fit the socket waits.
  void Send(Outbox& outbox);
  void WaitForRoom();

  void SetTimer(base::Duration pause);
  void TimerExpired();

  ServerState& state_;
  EventLoop& loop_;
  const std::string peer_;
  std::string peer_common_name_;
  const std::unique_ptr<TlsSession> tls_;
  nghttp2_session* session_ = nullptr;
  // Not beyond Close: a connection may outlive its loop, in the hands of who keeps a call.
  std::optional<Socket> socket_;
  std::optional<boost::asio::steady_timer> timer_;

  std::unordered_map<int32_t, std::shared_ptr<Exchange>> exchanges_;
  RequestHead head_;  // of the request whose headers arrive

  bool closed_ = false;
  bool failed_ = false;
  bool closing_ = false;
  bool flush_due_ = false;
  bool has_settings_ = false;
  bool ping_is_out_ = false;
  base::TimePoint last_arrival_{};
  base::TimePoint last_ping_{};  // the client's
  int ping_strikes_ = 0;
  Outbox* staged_ = nullptr;  // what nghttp2 writes to
  Outbox unsent_;             // what the socket had no room for
};

}  // namespace kvshim::rpc
