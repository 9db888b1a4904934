// Calls as a service sees them: UnaryCall (one request, one answer) and Stream (messages both ways)
// with its StreamHandler. They are interfaces over the transport, so that a gateway or a test can
// drive a service without gRPC.
//
// Thread safety: CallContext and Stream may be used from any thread at any time, also when the
// client is long gone (calls then do nothing). A UnaryCall is a handle with one owner at a time. A
// StreamHandler's callbacks run one after another, on the thread of its loop.
// Handlers and callbacks must not block.
//
//   void Range(rpc::UnaryCall call) {
//     etcdserverpb::RangeRequest request;
//     if (!call.request().Parse(request)) return call.Finish(absl::InternalError("..."));
//     store.Range(..., [call = std::move(call)](auto response) mutable {
//       call.Finish(response.ok() ? Encode(*response) : response.status());
//     });
//   }
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "rpc/message.h"
#include "rpc/payload.h"

namespace kvshim::rpc {

// What is known of a call beside its messages. Headers and certificate may be asked for until the
// call is over.
class CallContext {
 public:
  virtual ~CallContext() = default;

  // Where the client is, as gRPC writes it: ipv4:127.0.0.1:41234, unix:.
  virtual std::string peer() const = 0;
  // The first value of a request header; keys are lower case.
  virtual std::optional<std::string> Metadata(std::string_view key) const = 0;
  // The common name of the client's verified certificate; empty without one.
  virtual std::string peer_common_name() const = 0;
  // The client gave up, as it does at its deadline, or went away; an answer would reach nobody.
  virtual bool cancelled() const = 0;
};

// One unary call. It is answered by Finish, now or later, from any thread; a handle that is
// destroyed unanswered answers kInternal, so no client waits for ever.
class UnaryCall {
 public:
  // What a transport implements.
  class Transport : public CallContext {
   public:
    virtual const Payload& request() const = 0;
    virtual void OnCancel(absl::AnyInvocable<void()> notify) = 0;
    virtual void Finish(absl::Status status, Message message) = 0;
  };

  explicit UnaryCall(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}
  UnaryCall(UnaryCall&&) noexcept = default;
  UnaryCall& operator=(UnaryCall&& other) noexcept {
    std::swap(transport_, other.transport_);
    return *this;
  }
  ~UnaryCall() {
    if (transport_ != nullptr) Finish(absl::InternalError("the call was dropped unanswered"));
  }

  // Valid until Finish.
  const Payload& request() const { return transport_->request(); }
  const CallContext& context() const { return *transport_; }
  bool cancelled() const { return transport_->cancelled(); }

  // `notify` runs once if the call is cancelled before it is finished (at once, where it already
  // is), on the call's loop's thread, or not at all. For calls that wait, such as a lock's.
  void OnCancel(absl::AnyInvocable<void()> notify) { transport_->OnCancel(std::move(notify)); }

  // Answers. The handle is empty afterwards.
  void Finish(Message message) {
    std::exchange(transport_, nullptr)->Finish(absl::OkStatus(), std::move(message));
  }
  void Finish(absl::Status status) {
    std::exchange(transport_, nullptr)->Finish(std::move(status), Message());
  }

 private:
  std::shared_ptr<Transport> transport_;
};

// One stream, server streaming or bidirectional.
class Stream : public CallContext {
 public:
  // Queues a message, or several that share packets, behind those sent before.
  virtual void Send(Message message) = 0;
  virtual void Send(std::vector<Message> burst) = 0;

  // Bytes queued and not yet taken by the transport: what a slow client makes us hold.
  virtual size_t pending_bytes() const = 0;
  // Whether OnDrained will be called: pending_bytes() is above the low-water mark.
  virtual bool is_backed_up() const = 0;

  // Back pressure: while paused, no message is read and OnMessage is not called (one that was
  // already read may still come). Not counted: two pauses end with one resume.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;

  // Ends the stream after the messages queued so far. Later Send and Finish do nothing.
  virtual void Finish(absl::Status status) = 0;
};

// A service's side of one stream. Destroyed right after OnDone.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // First. The handler keeps the stream to send on it.
  virtual void OnOpen(std::shared_ptr<Stream> stream) = 0;
  // A message of the client; a server-streaming call has one, then OnHalfClose.
  virtual void OnMessage(Payload message) = 0;
  // The client sends no more. It may still listen: the handler ends the stream by Finish. Neither
  // this nor OnMessage comes after Finish.
  virtual void OnHalfClose() {}
  // pending_bytes() fell to the low-water mark after having been above it.
  virtual void OnDrained() {}
  // Last: the call is over, by Finish or because the client is gone.
  virtual void OnDone() = 0;
};

}  // namespace kvshim::rpc
