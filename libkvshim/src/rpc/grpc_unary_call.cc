#include "rpc/grpc_unary_call.h"

#include <utility>

#include "rpc/server_context.h"

namespace kvshim::rpc {

void GrpcUnaryCall::Listen(ServerState& state, size_t method, grpc::ServerCompletionQueue* queue) {
  auto call = std::make_shared<GrpcUnaryCall>(state, method, queue);
  base::MutexLock lock(call->mutex_);
  Parts& parts = call->parts_.emplace();
  parts.context.AsyncNotifyWhenDone(&call->done_);
  state.table.RequestUnary(method, parts.context, call->request_.buffer(), parts.writer, queue,
                           &call->arrived_);
  call->self_ = call;
}

void GrpcUnaryCall::Arrived(bool ok) {
  if (!ok) {  // the server shuts down; no call came
    self_.reset();
    return;
  }
  Listen(state_, index_, queue_);
  absl::Status refusal = state_.CallArrived(counted_);
  if (state_.options.observer != nullptr) {
    started_ = base::Clock::Real().Now();
    state_.options.observer->OnStarted(method_);
    state_.options.observer->OnReceived(method_, request_.size());
  }
  UnaryCall call(shared_from_this());
  if (refusal.ok()) {
    method_.unary(std::move(call));
  } else {
    call.Finish(std::move(refusal));
  }
}

void GrpcUnaryCall::OnCancel(absl::AnyInvocable<void()> notify) {
  {
    base::MutexLock lock(mutex_);
    if (!is_done_ && !finished_) {
      on_cancel_ = std::move(notify);
      return;
    }
  }
  if (cancelled()) notify();
}

void GrpcUnaryCall::Finish(absl::Status status, Message message) {
  absl::AnyInvocable<void()> dropped;  // destroyed after the lock: it may own anything
  const absl::StatusCode code = status.code();
  const size_t bytes = message.size();
  grpc::ByteBuffer buffer;
  if (status.ok()) buffer = message.TakeBuffer();
  {
    base::MutexLock lock(mutex_);
    if (finished_) return;
    finished_ = true;
    dropped = std::move(on_cancel_);
    sending_ = true;
    if (status.ok()) {
      parts_->writer.Finish(buffer, grpc::Status::OK, &sent_);
    } else {
      parts_->writer.FinishWithError(ToGrpc(status), &sent_);
    }
  }
  if (CallObserver* observer = state_.options.observer; observer != nullptr) {
    if (status.ok()) observer->OnSent(method_, bytes);
    observer->OnHandled(method_, code, base::Clock::Real().Now() - started_);
  }
}

void GrpcUnaryCall::Sent(bool /*ok*/) {
  {
    base::MutexLock lock(mutex_);
    sending_ = false;
  }
  ReleaseIfOver();
}

void GrpcUnaryCall::Done(bool /*ok*/) {
  absl::AnyInvocable<void()> notify;
  bool unanswered = false;
  {
    base::MutexLock lock(mutex_);
    is_done_ = true;
    cancelled_ = parts_->context.IsCancelled();
    unanswered = !std::exchange(finished_, true);
    notify = std::move(on_cancel_);
  }
  if (unanswered && state_.options.observer != nullptr) {
    state_.options.observer->OnHandled(method_, absl::StatusCode::kCancelled,
                                       base::Clock::Real().Now() - started_);
  }
  if (unanswered && notify) notify();
  ReleaseIfOver();
}

void GrpcUnaryCall::ReleaseIfOver() {
  std::shared_ptr<GrpcUnaryCall> self;
  {
    base::MutexLock lock(mutex_);
    if (sending_ || !is_done_) return;
    parts_.reset();
    self = std::move(self_);
  }
  state_.CallOver(counted_);
}

std::string GrpcUnaryCall::peer() const {
  base::MutexLock lock(mutex_);
  return parts_ ? parts_->context.peer() : std::string();
}

std::optional<std::string> GrpcUnaryCall::Metadata(std::string_view key) const {
  base::MutexLock lock(mutex_);
  return parts_ ? MetadataOf(parts_->context, key) : std::nullopt;
}

std::string GrpcUnaryCall::peer_common_name() const {
  base::MutexLock lock(mutex_);
  return parts_ ? CommonNameOf(parts_->context) : std::string();
}

}  // namespace kvshim::rpc
