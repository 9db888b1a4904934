#include "rpc/unary_exchange.h"

#include <utility>

namespace kvshim::rpc {

void UnaryExchange::Begin() {
  absl::Status refusal = Arrive();
  if (refusal.ok()) return;
  refused_ = true;
  Finish(std::move(refusal), {});
}

void UnaryExchange::OnMessage(Payload message) {
  if (refused_) return;
  if (std::exchange(requested_, true)) {
    refused_ = true;
    return Finish(absl::InternalError("grpc: a unary call has one message"), {});
  }
  request_ = std::move(message);
}

void UnaryExchange::OnHalfClosed() {
  if (refused_) return;
  if (!requested_) {
    refused_ = true;
    return Finish(absl::InternalError("grpc: the call has no message"), {});
  }
  method_.unary(UnaryCall(std::static_pointer_cast<UnaryExchange>(shared_from_this())));
}

void UnaryExchange::OnCancel(absl::AnyInvocable<void()> notify) {
  {
    base::MutexLock lock(mutex_);
    if (!over_ && !finished_) {
      on_cancel_ = std::move(notify);
      return;
    }
  }
  if (cancelled()) notify();
}

void UnaryExchange::Finish(absl::Status status, Message message) {
  absl::AnyInvocable<void()> dropped;  // destroyed after the lock: it may own anything
  const absl::StatusCode code = status.code();
  {
    base::MutexLock lock(mutex_);
    if (finished_ || over_) return;
    finished_ = true;
    dropped = std::move(on_cancel_);
    status_ = std::move(status);
    answer_ = std::move(message);
  }
  NoteHandled(code);
  WakeOrResume();
}

void UnaryExchange::Resume() {
  {
    base::MutexLock lock(mutex_);
    if (over_) return;
    if (status_.ok()) Push(std::move(answer_));
    End(std::move(status_));
  }
  SendPushed();
}

void UnaryExchange::OnClosed() {
  absl::AnyInvocable<void()> notify;
  bool unanswered;
  {
    base::MutexLock lock(mutex_);
    over_ = true;
    unanswered = !finished_;
    notify = std::move(on_cancel_);
    if (unanswered) cancelled_ = true;
  }
  if (unanswered) NoteHandled(is_ended() ? end().code() : absl::StatusCode::kCancelled);
  if (unanswered && notify) notify();
  Leave();
}

}  // namespace kvshim::rpc
