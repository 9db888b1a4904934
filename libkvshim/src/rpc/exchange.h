// Exchange: one call of a connection, at the transport's side: an HTTP/2 stream with a request and
// what is to be sent for it. UnaryExchange and StreamExchange are its two kinds.
//
// Thread safety: what the connection calls, it calls on its loop's thread, as it does Take; the
// CallContext may be asked from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "rpc/event_loop.h"
#include "rpc/frame_reader.h"
#include "rpc/message.h"
#include "rpc/outbox.h"
#include "rpc/payload.h"
#include "rpc/server_state.h"
#include "rpc/service.h"

namespace kvshim::rpc {

class Connection;

// What came ahead of a request's messages.
struct RequestHead {
  std::string path;
  std::string content_type;
  bool is_post = false;
  Encoding encoding = Encoding::kIdentity;
  std::vector<std::pair<std::string, std::string>> metadata;
  size_t bytes = 0;
};

class Exchange : public EventLoop::Wakeable, public std::enable_shared_from_this<Exchange> {
 public:
  // `method` is null where nobody serves the path.
  static std::shared_ptr<Exchange> Make(ServerState& state, std::shared_ptr<Connection> connection,
                                        int32_t id, const Method* method, RequestHead head);
  ~Exchange() override = default;

  int32_t id() const { return id_; }

  // By the connection. The headers are there.
  virtual void Begin() = 0;
  void Received(std::string_view bytes);
  void HalfClosed();
  // Nothing goes either way any more.
  void Closed();

  // What is to be sent and can be.
  size_t outbound_bytes() const { return outbound_bytes_; }
  // Whether nothing follows that.
  bool is_ended() const { return end_.has_value(); }
  const absl::Status& end() const { return *end_; }
  // Moves the next bytes to the end of `out`, `count` of them at most outbound_bytes().
  void TakeOutbound(size_t count, Outbox& out);

  bool half_closed() const { return half_closed_; }

 protected:
  Exchange(ServerState& state, std::shared_ptr<Connection> connection, int32_t id,
           const Method& method, RequestHead head);

  // On the loop's thread.
  virtual void OnMessage(Payload message) = 0;
  virtual void OnHalfClosed() = 0;
  virtual void OnClosed() = 0;
  // A message has been given to the socket.
  virtual void OnSent(size_t /*bytes*/) {}
  // How many of the bytes that arrived the client may send more of now.
  virtual size_t Consume(size_t arrived) { return arrived; }
  void Push(Message message);
  // Nothing is pushed after it.
  void End(absl::Status status);
  // Has the connection send what was pushed.
  void SendPushed();
  bool is_closed() const { return closed_; }

  // From any thread.
  std::string ContextPeer() const;
  std::string ContextCommonName() const;
  std::optional<std::string> ContextMetadata(std::string_view key) const;
  void WakeOrResume();
  CallObserver* observer() const { return method_.is_built_in ? nullptr : state_.options.observer; }
  // An error is the answer to give.
  absl::Status Arrive();
  // The call is over.
  void Leave() { state_.CallOver(counted_); }
  void NoteHandled(absl::StatusCode code);

  ServerState& state_;
  const Method& method_;
  const std::shared_ptr<Connection> connection_;
  std::atomic<bool> cancelled_{false};

 private:
  const int32_t id_;
  const std::vector<std::pair<std::string, std::string>> metadata_;
  FrameReader reader_;
  bool counted_ = false;
  base::TimePoint started_{};

  // Of the loop's thread.
  bool half_closed_ = false;
  bool closed_ = false;
  bool failed_ = false;  // by what arrived, which is not listened to any more
  bool answering_ = false;
  std::vector<Message> outbound_;
  size_t first_outbound_ = 0;
  size_t prefix_left_ = 0;   // of the first one
  size_t message_size_ = 0;  // the same
  size_t outbound_bytes_ = 0;
  std::optional<absl::Status> end_;
};

}  // namespace kvshim::rpc
