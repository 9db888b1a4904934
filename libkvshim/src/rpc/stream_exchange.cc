#include "rpc/stream_exchange.h"

#include <utility>

#include "rpc/connection.h"

namespace kvshim::rpc {

void StreamExchange::Begin() {
  absl::Status refusal = Arrive();
  if (refusal.ok() && !method_.is_built_in) {
    refusal = state_.AddStream(std::static_pointer_cast<Stream>(Self()), this);
  }
  if (!refusal.ok()) return Finish(std::move(refusal));
  handler_ = method_.stream();
  handler_->OnOpen(Self());
}

void StreamExchange::OnMessage(Payload message) {
  if (handler_ == nullptr) return;
  inbound_.push_back(std::move(message));
  Deliver();
}

void StreamExchange::OnHalfClosed() {
  half_close_due_ = true;
  Deliver();
}

void StreamExchange::Deliver() {
  while (!paused_.load() && !inbound_.empty() && handler_ != nullptr) {
    Payload message = std::move(inbound_.front());
    inbound_.pop_front();
    {
      base::MutexLock lock(mutex_);
      if (final_status_.has_value()) continue;
    }
    handler_->OnMessage(std::move(message));
  }
  if (!inbound_.empty() || handler_ == nullptr) return;
  if (held_back_ > 0) connection_->Consume(id(), 0, std::exchange(held_back_, 0));
  if (!std::exchange(half_close_due_, false)) return;
  {
    base::MutexLock lock(mutex_);
    if (final_status_.has_value()) return;
  }
  handler_->OnHalfClose();
}

size_t StreamExchange::Consume(size_t arrived) {
  if (!paused_.load() || handler_ == nullptr) return arrived;
  held_back_ += arrived;
  return 0;
}

void StreamExchange::ResumeReading() {
  paused_ = false;
  {
    base::MutexLock lock(mutex_);
    if (over_ || std::exchange(awake_, true)) return;
  }
  connection_->loop().Wake(shared_from_this());
}

bool StreamExchange::Queue(Message message) {
  if (final_status_.has_value() || over_) return false;
  const size_t bytes = message.size();
  if (pending_.fetch_add(bytes) + bytes > state_.options.stream_low_water) was_high_ = true;
  queued_.push_back(std::move(message));
  return !std::exchange(awake_, true);
}

void StreamExchange::Send(Message message) {
  {
    base::MutexLock lock(mutex_);
    if (!Queue(std::move(message))) return;
  }
  connection_->loop().Wake(shared_from_this());
}

void StreamExchange::Send(std::vector<Message> burst) {
  bool wake = false;
  {
    base::MutexLock lock(mutex_);
    for (Message& message : burst) wake |= Queue(std::move(message));
  }
  if (wake) connection_->loop().Wake(shared_from_this());
}

void StreamExchange::Finish(absl::Status status) {
  {
    base::MutexLock lock(mutex_);
    if (final_status_.has_value() || over_) return;
    final_status_ = std::move(status);
    if (std::exchange(awake_, true)) return;
  }
  connection_->loop().Wake(shared_from_this());
}

void StreamExchange::Resume() {
  bool send = false;
  bool drained = false;
  {
    base::MutexLock lock(mutex_);
    awake_ = false;
    if (over_) return;
    for (Message& message : queued_) Push(std::move(message));
    send = !queued_.empty();
    queued_.clear();
    if (final_status_.has_value() && !is_ended()) {
      End(*final_status_);
      send = true;
    }
    drained = std::exchange(drained_, false) && !final_status_.has_value();
  }
  if (send) SendPushed();
  if (drained && handler_ != nullptr) handler_->OnDrained();
  Deliver();
}

void StreamExchange::OnSent(size_t bytes) {
  {
    base::MutexLock lock(mutex_);
    if (pending_.fetch_sub(bytes) - bytes > state_.options.stream_low_water) return;
    if (!std::exchange(was_high_, false) || final_status_.has_value()) return;
    drained_ = true;
    if (std::exchange(awake_, true)) return;
  }
  connection_->loop().Wake(shared_from_this());
}

void StreamExchange::OnClosed() {
  absl::StatusCode code = absl::StatusCode::kCancelled;
  std::vector<Message> dropped;
  {
    base::MutexLock lock(mutex_);
    over_ = true;
    dropped.swap(queued_);
    pending_ = 0;
    if (is_ended()) {
      code = end().code();
    } else {
      cancelled_ = true;
    }
  }
  inbound_.clear();
  if (!method_.is_built_in) state_.RemoveStream(this);
  if (handler_ != nullptr) {
    handler_->OnDone();
    handler_.reset();
  }
  NoteHandled(code);
  Leave();
}

}  // namespace kvshim::rpc
