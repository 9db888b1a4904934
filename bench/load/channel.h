// Channel: one HTTP/2 connection of a client of gRPC, in plain text, and the calls on it. As lean
// as can be: what the load generator needs is missing to the server beside it.
//
// Thread safety: none. Handlers are called from Receive and may start, feed and cancel calls.
//
//   ASSIGN_OR_RETURN(auto channel, Channel::Connect("127.0.0.1:2379"));
//   const int32_t call = channel->Start(kWatch, request, false, handler);
//   channel->Send(call, another_request);
//   RETURN_IF_ERROR(channel->Flush());
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kvshim::bench {

// One message of a server: its size, and as many of its bytes as its handler wants.
struct Reply {
  std::string_view bytes;
  size_t size = 0;
};

// Who made a call and hears of it.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  virtual void OnMessage(const Reply& reply) = 0;
  // Last: the call is over. Where it was cancelled the status is kCancelled.
  virtual void OnEnd(const absl::Status& status) = 0;
  // How many of a message's bytes OnMessage looks at; others are counted and dropped.
  virtual size_t kept_bytes() const { return SIZE_MAX; }
};

class Channel {
 public:
  // Connects and returns once the server has said its settings.
  static absl::StatusOr<std::unique_ptr<Channel>> Connect(const std::string& target);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Begins a call with its first message; `last`: there will be no further one. `method` and
  // `handler` must stay until the call has ended.
  int32_t Start(const char* method, std::string_view message, bool last, CallHandler& handler);
  void Send(int32_t call, std::string_view message);
  // Ends the call; its handler hears of that at once.
  void Cancel(int32_t call);
  // Ends all calls without a word to their handlers.
  void Abandon();

  // Takes what has come. An error means that the connection is lost; its calls have ended with it.
  absl::Status Receive();
  // Sends what waits, as far as the socket takes it.
  absl::Status Flush();
  bool has_unsent() const { return sent_ < unsent_.size(); }
  int fd() const { return fd_; }

 private:
  struct Call;

  Channel(int fd, std::string authority);

  void SetUpSession();
  Call* Find(int32_t call) const;
  void TakeData(Call& call, std::string_view data);
  void Close(Call& call, const absl::Status& status);
  absl::Status Lose(const std::string& why);

  const int fd_;
  const std::string authority_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Call>> calls_;  // all there were; those of unused_ wait for another
  std::vector<Call*> unused_;
  std::string unsent_;
  size_t sent_ = 0;
  std::vector<char> buffer_;
  bool settled_ = false;
};

}  // namespace kvshim::bench
