#include "rpc/exchange.h"

#include <algorithm>

#include "base/strings.h"
#include "rpc/connection.h"
#include "rpc/stream_exchange.h"
#include "rpc/unary_exchange.h"

namespace kvshim::rpc {
namespace {

constexpr size_t kPrefixSize = 5;

// A message's four bytes of length, and the one before, which says that it is not compressed.
void AppendPrefix(size_t message_size, size_t from, size_t count, Outbox& out) {
  const char prefix[kPrefixSize] = {
      0, static_cast<char>(message_size >> 24), static_cast<char>(message_size >> 16),
      static_cast<char>(message_size >> 8), static_cast<char>(message_size)};
  out.AppendCopy({prefix + from, count});
}

// Answers to paths that nobody serves.
const Method& Unserved() {
  static const Method* const method =
      new Method{.service = "",
                 .name = "",
                 .type = MethodType::kUnary,
                 .unary =
                     [](UnaryCall call) {
                       call.Finish(absl::UnimplementedError("unknown service or method"));
                     },
                 .stream = {},
                 .is_built_in = true};
  return *method;
}

}  // namespace

std::shared_ptr<Exchange> Exchange::Make(ServerState& state, std::shared_ptr<Connection> connection,
                                         int32_t id, const Method* method, RequestHead head) {
  const Method& served = method == nullptr ? Unserved() : *method;
  if (served.type == MethodType::kUnary) {
    return std::make_shared<UnaryExchange>(state, std::move(connection), id, served,
                                           std::move(head));
  }
  return std::make_shared<StreamExchange>(state, std::move(connection), id, served,
                                          std::move(head));
}

Exchange::Exchange(ServerState& state, std::shared_ptr<Connection> connection, int32_t id,
                   const Method& method, RequestHead head)
    : state_(state),
      method_(method),
      connection_(std::move(connection)),
      id_(id),
      metadata_(std::move(head.metadata)),
      reader_(state.options.max_receive_bytes, head.encoding) {}

absl::Status Exchange::Arrive() {
  if (method_.is_built_in) return absl::OkStatus();
  absl::Status refusal = state_.CallArrived(counted_);
  if (state_.options.observer != nullptr) {
    started_ = base::Clock::Real().Now();
    state_.options.observer->OnStarted(method_);
  }
  return refusal;
}

void Exchange::NoteHandled(absl::StatusCode code) {
  if (observer() == nullptr) return;
  observer()->OnHandled(method_, code, base::Clock::Real().Now() - started_);
}

void Exchange::Received(std::string_view bytes) {
  const size_t arrived = bytes.size();
  if (!failed_ && !closed_) {
    absl::Status status = reader_.Feed(bytes, [this](std::string message) {
      if (observer() != nullptr) observer()->OnReceived(method_, message.size());
      OnMessage(Payload(std::move(message)));
    });
    if (!status.ok()) {
      failed_ = true;
      End(std::move(status));
      SendPushed();
    }
  }
  connection_->Consume(id_, arrived, failed_ ? arrived : Consume(arrived));
}

void Exchange::HalfClosed() {
  half_closed_ = true;
  if (failed_ || closed_) return;
  if (!reader_.is_between_messages()) {
    failed_ = true;
    End(absl::InternalError("grpc: the request ends within a message"));
    return SendPushed();
  }
  OnHalfClosed();
}

void Exchange::Closed() {
  if (std::exchange(closed_, true)) return;
  outbound_.clear();
  first_outbound_ = 0;
  outbound_bytes_ = 0;
  OnClosed();
}

void Exchange::Push(Message message) {
  if (closed_ || end_.has_value()) return;
  outbound_bytes_ += kPrefixSize + message.size();
  if (first_outbound_ == outbound_.size()) {
    outbound_.clear();
    first_outbound_ = 0;
    prefix_left_ = kPrefixSize;
    message_size_ = message.size();
  }
  outbound_.push_back(std::move(message));
}

void Exchange::End(absl::Status status) {
  if (!end_.has_value()) end_ = std::move(status);
}

void Exchange::SendPushed() {
  if (closed_) return;
  if (std::exchange(answering_, true)) {
    connection_->ResumeAnswer(*this);
  } else {
    connection_->BeginAnswer(*this);
  }
}

void Exchange::TakeOutbound(size_t count, Outbox& out) {
  outbound_bytes_ -= count;
  while (count > 0) {
    if (prefix_left_ > 0) {
      const size_t part = std::min(prefix_left_, count);
      AppendPrefix(message_size_, kPrefixSize - prefix_left_, part, out);
      prefix_left_ -= part;
      count -= part;
    }
    Message& message = outbound_[first_outbound_];
    const size_t part = std::min(message.size(), count);
    message.Take(part, out);
    count -= part;
    if (prefix_left_ > 0 || message.size() > 0) return;
    const size_t sent = message_size_;
    outbound_[first_outbound_] = Message();
    if (++first_outbound_ < outbound_.size()) {
      prefix_left_ = kPrefixSize;
      message_size_ = outbound_[first_outbound_].size();
    }
    if (observer() != nullptr) observer()->OnSent(method_, sent);
    OnSent(sent);
  }
}

void Exchange::WakeOrResume() {
  if (connection_->loop().IsOnTurn()) return Resume();
  connection_->loop().Wake(shared_from_this());
}

std::string Exchange::ContextPeer() const { return connection_->peer(); }
std::string Exchange::ContextCommonName() const { return connection_->peer_common_name(); }

std::optional<std::string> Exchange::ContextMetadata(std::string_view key) const {
  for (const auto& [name, value] : metadata_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

}  // namespace kvshim::rpc
