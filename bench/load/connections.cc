#include "connections.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {
namespace {

// Of a call that is waited for.
class Waiting final : public CallHandler {
 public:
  explicit Waiting(google::protobuf::MessageLite* message) : message_(message) {}
  void OnMessage(const Reply& reply) override { parsed_ = Parse(reply, message_); }
  void OnEnd(const absl::Status& status) override { status_ = status; }
  bool done() const { return status_.has_value(); }
  absl::Status status() const { return status_->ok() ? parsed_ : *status_; }

 private:
  google::protobuf::MessageLite* const message_;
  absl::Status parsed_ = absl::InternalError("the server answered nothing");
  std::optional<absl::Status> status_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connections>> Connections::Open(
    const std::vector<std::string>& targets, int count) {
  std::unique_ptr<Connections> connections(new Connections(static_cast<int>(targets.size())));
  connections->poll_ = epoll_create1(EPOLL_CLOEXEC);
  for (size_t i = 0; i < std::max(targets.size(), static_cast<size_t>(count)); ++i) {
    ASSIGN_OR_RETURN(auto channel, Channel::Connect(targets[i % targets.size()]));
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(connections->poll_, EPOLL_CTL_ADD, channel->fd(), &event);
    connections->channels_.push_back(std::move(channel));
    connections->watched_for_room_.push_back(false);
  }
  return connections;
}

Connections::~Connections() {
  if (poll_ >= 0) close(poll_);
}

void Connections::Flush() {
  for (size_t i = 0; i < channels_.size(); ++i) {
    // An error has told the calls already.
    (void)channels_[i]->Flush();
    const bool full = channels_[i]->has_unsent();
    if (full == watched_for_room_[i]) continue;
    watched_for_room_[i] = full;
    epoll_event event{.events = full ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poll_, EPOLL_CTL_MOD, channels_[i]->fd(), &event);
  }
}

bool Connections::RunOnce(std::chrono::steady_clock::time_point deadline) {
  Flush();
  const auto left = std::max(std::chrono::nanoseconds(0),
                             std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now()));
  const timespec timeout{.tv_sec = left.count() / 1'000'000'000,
                         .tv_nsec = left.count() % 1'000'000'000};
  std::array<epoll_event, 64> events{};
  const int count =
      epoll_pwait2(poll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if ((event.events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) continue;
    Channel& channel = *channels_[event.data.u64];
    if (!channel.Receive().ok()) epoll_ctl(poll_, EPOLL_CTL_DEL, channel.fd(), nullptr);
  }
  return count != 0;
}

absl::Status Connections::Call(const char* method, const google::protobuf::MessageLite& request,
                               google::protobuf::MessageLite* reply) {
  Waiting waiting(reply);
  of(0).Start(method, request.SerializeAsString(), true, waiting);
  const auto deadline = std::chrono::steady_clock::now() + kCallTimeout;
  while (!waiting.done()) {
    if (RunOnce(deadline)) continue;
    Abandon();
    return absl::DeadlineExceededError(
        base::Concat(method, " was not answered in ", kCallTimeout.count(), " s"));
  }
  return waiting.status();
}

void Connections::Abandon() {
  for (const auto& channel : channels_) channel->Abandon();
}

absl::Status Parse(const Reply& reply, google::protobuf::MessageLite* message) {
  if (!message->ParseFromArray(reply.bytes.data(), static_cast<int>(reply.bytes.size()))) {
    return absl::InternalError("the server's reply cannot be parsed");
  }
  return absl::OkStatus();
}

}  // namespace kvshim::bench
