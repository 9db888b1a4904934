// GrpcUnaryCall: a unary call over gRPC's completion queue.
//
// Life: Listen asks gRPC for a call; when it arrives another is asked for in its place, and the
// handler gets it. It ends when the answer has been sent and gRPC has said that the call is done;
// gRPC's objects are given up there, on the completion thread, whoever still holds a handle. A
// handle used later does nothing.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "rpc/call.h"
#include "rpc/server_state.h"

namespace kvshim::rpc {

class GrpcUnaryCall final : public UnaryCall::Transport,
                            public std::enable_shared_from_this<GrpcUnaryCall> {
 public:
  static void Listen(ServerState& state, size_t method, grpc::ServerCompletionQueue* queue);

  GrpcUnaryCall(ServerState& state, size_t method, grpc::ServerCompletionQueue* queue)
      : state_(state), index_(method), method_(state.table.method(method)), queue_(queue) {}

  std::string peer() const override;
  std::optional<std::string> Metadata(std::string_view key) const override;
  std::string peer_common_name() const override;
  bool cancelled() const override { return cancelled_.load(std::memory_order_relaxed); }

  const Payload& request() const override { return request_; }
  void OnCancel(absl::AnyInvocable<void()> notify) override;
  void Finish(absl::Status status, Message message) override;

 private:
  struct Parts {
    grpc::ServerContext context;
    MethodTable::UnaryWriter writer;

    Parts() : writer(&context) {}
  };

  void Arrived(bool ok);
  void Sent(bool ok);
  void Done(bool ok);
  // Gives gRPC's objects up where nothing is under way any more.
  void ReleaseIfOver();

  ServerState& state_;
  const size_t index_;
  const Method& method_;
  grpc::ServerCompletionQueue* const queue_;
  base::TimePoint started_;
  bool counted_ = false;  // see ServerState::CallArrived
  Payload request_;
  std::shared_ptr<GrpcUnaryCall> self_;  // while gRPC knows of the call
  Tag arrived_ = Tag::Of<&GrpcUnaryCall::Arrived>(this);
  Tag sent_ = Tag::Of<&GrpcUnaryCall::Sent>(this);
  Tag done_ = Tag::Of<&GrpcUnaryCall::Done>(this);
  std::atomic<bool> cancelled_{false};

  mutable base::Mutex mutex_;
  std::optional<Parts> parts_ GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> on_cancel_ GUARDED_BY(mutex_);
  bool finished_ GUARDED_BY(mutex_) = false;  // Finish was called, or came too late
  bool sending_ GUARDED_BY(mutex_) = false;
  bool is_done_ GUARDED_BY(mutex_) = false;
};

}  // namespace kvshim::rpc
