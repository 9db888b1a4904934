#include "rpc/grpc_stream_call.h"

#include <utility>

#include "rpc/server_context.h"

namespace kvshim::rpc {

void GrpcStreamCall::Listen(ServerState& state, size_t method, grpc::ServerCompletionQueue* queue) {
  auto call = std::make_shared<GrpcStreamCall>(state, method, queue);
  base::MutexLock lock(call->mutex_);
  Parts& parts = call->parts_.emplace();
  parts.context.AsyncNotifyWhenDone(&call->done_);
  state.table.RequestStream(method, parts.context, call->inbox_, parts.stream, queue,
                            &call->arrived_);
  call->self_ = call;
}

void GrpcStreamCall::Arrived(bool ok) {
  if (!ok) {  // the server shuts down; no call came
    self_.reset();
    return;
  }
  Listen(state_, index_, queue_);
  absl::Status refusal = state_.CallArrived(counted_);
  if (state_.options.observer != nullptr) {
    started_ = base::Clock::Real().Now();
    state_.options.observer->OnStarted(method_);
  }
  if (refusal.ok()) refusal = state_.AddStream(weak_from_this(), this);
  if (!refusal.ok()) return Finish(std::move(refusal));
  handler_ = method_.stream();
  handler_->OnOpen(shared_from_this());
  if (method_.type == MethodType::kBidi) {
    base::MutexLock lock(mutex_);
    ReadNext();
    return;
  }
  if (state_.options.observer != nullptr) {
    state_.options.observer->OnReceived(method_, inbox_.Length());
  }
  handler_->OnMessage(Payload(std::exchange(inbox_, {})));
  handler_->OnHalfClose();
}

void GrpcStreamCall::ReadNext() {
  if (reading_ || paused_ || half_closed_ || is_done_ || final_status_.has_value()) return;
  if (method_.type != MethodType::kBidi) return;
  reading_ = true;
  inbox_ = {};
  parts_->stream.Read(&inbox_, &read_);
}

void GrpcStreamCall::Read(bool ok) {
  Payload message(std::exchange(inbox_, {}));
  bool open = false;
  {
    base::MutexLock lock(mutex_);
    reading_ = false;
    open = !final_status_.has_value() && !is_done_;
    if (!ok) half_closed_ = true;
  }
  if (open && ok) {
    if (state_.options.observer != nullptr) {
      state_.options.observer->OnReceived(method_, message.size());
    }
    handler_->OnMessage(std::move(message));
  } else if (open) {
    handler_->OnHalfClose();
  }
  {
    base::MutexLock lock(mutex_);
    ReadNext();
  }
  EndIfOver();
}

void GrpcStreamCall::PauseReading() {
  base::MutexLock lock(mutex_);
  paused_ = true;
}

void GrpcStreamCall::ResumeReading() {
  base::MutexLock lock(mutex_);
  paused_ = false;
  if (parts_.has_value()) ReadNext();
}

void GrpcStreamCall::Queue(Message message) {
  const size_t bytes = message.size();
  if (pending_.fetch_add(bytes) + bytes > state_.options.stream_low_water) was_high_ = true;
  outbox_.emplace_back(message.TakeBuffer(), bytes);
}

void GrpcStreamCall::Send(Message message) {
  base::MutexLock lock(mutex_);
  if (final_status_.has_value() || is_done_) return;
  Queue(std::move(message));
  WriteNext();
}

void GrpcStreamCall::Send(std::vector<Message> burst) {
  base::MutexLock lock(mutex_);
  if (final_status_.has_value() || is_done_) return;
  for (Message& message : burst) Queue(std::move(message));
  WriteNext();
}

void GrpcStreamCall::WriteNext() {
  if (writing_ || outbox_.empty() || is_done_) return;
  writing_ = true;
  grpc::WriteOptions options;
  // The first message takes the headers along, whose sending gRPC waits for before it says that the
  // message is written: held back, neither would ever go.
  if (headers_sent_ && outbox_.size() > 1) options.set_buffer_hint();
  parts_->stream.Write(outbox_.front().first, options, &written_);
}

void GrpcStreamCall::Written(bool ok) {
  size_t bytes = 0;
  bool drained = false;
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    headers_sent_ = true;
    bytes = outbox_.front().second;
    outbox_.pop_front();
    pending_.fetch_sub(bytes);
    if (!ok) {  // the client is gone, nothing more will be taken
      outbox_.clear();
      pending_ = 0;
    }
    WriteNext();
    if (!writing_ && final_status_.has_value()) StartFinish();
    drained = was_high_ && pending_ <= state_.options.stream_low_water &&
              !final_status_.has_value() && !is_done_;
    if (drained) was_high_ = false;
  }
  if (ok && state_.options.observer != nullptr) state_.options.observer->OnSent(method_, bytes);
  if (drained && handler_ != nullptr) handler_->OnDrained();
  EndIfOver();
}

void GrpcStreamCall::Finish(absl::Status status) {
  base::MutexLock lock(mutex_);
  if (final_status_.has_value() || is_done_) return;
  final_status_ = std::move(status);
  if (!writing_) StartFinish();
}

void GrpcStreamCall::StartFinish() {
  if (finishing_ || is_done_) return;
  finishing_ = true;
  parts_->stream.Finish(ToGrpc(*final_status_), &finished_);
}

void GrpcStreamCall::Finished(bool /*ok*/) {
  {
    base::MutexLock lock(mutex_);
    finishing_ = false;
  }
  EndIfOver();
}

void GrpcStreamCall::Done(bool /*ok*/) {
  {
    base::MutexLock lock(mutex_);
    is_done_ = true;
    cancelled_ = parts_->context.IsCancelled();
  }
  EndIfOver();
}

void GrpcStreamCall::EndIfOver() {
  std::shared_ptr<GrpcStreamCall> self;
  absl::StatusCode code = absl::StatusCode::kCancelled;
  {
    base::MutexLock lock(mutex_);
    if (!is_done_ || reading_ || writing_ || finishing_ || self_ == nullptr) return;
    self = std::move(self_);
    outbox_.clear();
    pending_ = 0;
    if (final_status_.has_value()) code = final_status_->code();
  }
  state_.RemoveStream(this);
  if (handler_ != nullptr) {
    handler_->OnDone();
    handler_.reset();
  }
  {
    base::MutexLock lock(mutex_);
    parts_.reset();
  }
  if (CallObserver* observer = state_.options.observer; observer != nullptr) {
    observer->OnHandled(method_, code, base::Clock::Real().Now() - started_);
  }
  state_.CallOver(counted_);
}

std::string GrpcStreamCall::peer() const {
  base::MutexLock lock(mutex_);
  return parts_ ? parts_->context.peer() : std::string();
}

std::optional<std::string> GrpcStreamCall::Metadata(std::string_view key) const {
  base::MutexLock lock(mutex_);
  return parts_ ? MetadataOf(parts_->context, key) : std::nullopt;
}

std::string GrpcStreamCall::peer_common_name() const {
  base::MutexLock lock(mutex_);
  return parts_ ? CommonNameOf(parts_->context) : std::string();
}

}  // namespace kvshim::rpc
