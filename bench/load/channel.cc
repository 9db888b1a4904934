#include "channel.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {
namespace {

constexpr int32_t kStreamWindow = 16 << 20;
constexpr int32_t kConnectionWindow = 64 << 20;
constexpr size_t kReadBytes = size_t{256} << 10;
constexpr size_t kStagedBytes = size_t{128} << 10;
constexpr std::chrono::seconds kConnectTimeout{10};
constexpr size_t kFrameHead = 5;  // of a gRPC message: a flag and the size

nghttp2_nv Header(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

void AppendFramed(std::string& out, std::string_view message) {
  const auto size = static_cast<uint32_t>(message.size());
  for (const int shift : {32, 24, 16, 8, 0}) {
    out += static_cast<char>(shift == 32 ? 0 : size >> shift & 0xff);
  }
  out += message;
}

// A connected socket, or why there is none.
absl::StatusOr<int> Dial(const std::string& target) {
  const size_t colon = target.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(base::Concat("'", target, "' is not host:port"));
  }
  std::string host = target.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), target.substr(colon + 1).c_str(), &hints, &found);
  if (code != 0) return absl::UnavailableError(base::Concat(target, ": ", gai_strerror(code)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  std::string why;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = kConnectTimeout.count(), .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      fcntl(fd, F_SETFL, O_NONBLOCK);
      return fd;
    }
    why = std::strerror(errno);
    if (fd >= 0) close(fd);
  }
  return absl::UnavailableError(base::Concat("nothing answers at ", target, ": ", why));
}

}  // namespace

struct Channel::Call {
  int32_t id = 0;
  CallHandler* handler = nullptr;
  std::string unsent;
  size_t sent = 0;
  bool last = false;
  size_t head_size = 0;
  std::array<unsigned char, kFrameHead> head{};
  size_t left = 0;  // of the message that is coming
  size_t size = 0;
  std::string message;
  std::string http_status;
  int grpc_status = -1;
  std::string grpc_message;
};

absl::StatusOr<std::unique_ptr<Channel>> Channel::Connect(const std::string& target) {
  ASSIGN_OR_RETURN(const int fd, Dial(target));
  std::unique_ptr<Channel> channel(new Channel(fd, target));
  channel->SetUpSession();
  RETURN_IF_ERROR(channel->Flush());
  while (!channel->settled_) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(kConnectTimeout / std::chrono::milliseconds(1))) != 1) {
      return absl::UnavailableError(base::Concat(target, " accepts connections and says nothing"));
    }
    RETURN_IF_ERROR(channel->Receive());
  }
  RETURN_IF_ERROR(channel->Flush());
  return channel;
}

Channel::Channel(int fd, std::string authority)
    : fd_(fd), authority_(std::move(authority)), buffer_(kReadBytes) {}

Channel::~Channel() {
  Abandon();
  nghttp2_session_del(session_);
  close(fd_);
}

void Channel::SetUpSession() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        if (frame->hd.type == NGHTTP2_SETTINGS) static_cast<Channel*>(self)->settled_ = true;
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
        auto* call =
            static_cast<Call*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
        if (call == nullptr) return 0;
        const std::string_view header = View(name, name_size);
        if (header == ":status") call->http_status = View(value, value_size);
        if (header == "grpc-status") {
          call->grpc_status = std::atoi(std::string(View(value, value_size)).c_str());
        }
        if (header == "grpc-message") call->grpc_message = View(value, value_size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
                    void* self) {
        auto* call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, id));
        if (call != nullptr) static_cast<Channel*>(self)->TakeData(*call, View(data, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session* session, int32_t id, uint32_t code, void* self) {
        auto* call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, id));
        if (call == nullptr) return 0;
        absl::Status status;
        if (call->grpc_status > 0) {
          status = {static_cast<absl::StatusCode>(call->grpc_status),
                    base::ToAbsl(call->grpc_message)};
        } else if (call->grpc_status < 0) {
          status = absl::UnavailableError(base::Concat(
              "the server ended a call with HTTP status ", call->http_status, " and no gRPC status",
              code == 0 ? "" : base::Concat(", ", nghttp2_http2_strerror(code))));
        }
        static_cast<Channel*>(self)->Close(*call, status);
        return 0;
      });
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

int32_t Channel::Start(const char* method, std::string_view message, bool last,
                       CallHandler& handler) {
  if (unused_.empty()) {
    calls_.push_back(std::make_unique<Call>());
    unused_.push_back(calls_.back().get());
  }
  Call& call = *unused_.back();
  unused_.pop_back();
  call.handler = &handler;
  call.last = last;
  AppendFramed(call.unsent, message);
  const std::array<nghttp2_nv, 7> headers = {Header(":method", "POST"),
                                             Header(":scheme", "http"),
                                             Header(":path", method),
                                             Header(":authority", authority_),
                                             Header("te", "trailers"),
                                             Header("content-type", "application/grpc"),
                                             Header("user-agent", "kvshim-bench")};
  nghttp2_data_provider provider{};
  provider.source.ptr = &call;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* out, size_t room, uint32_t* flags,
                              nghttp2_data_source* source, void*) -> ssize_t {
    Call& from = *static_cast<Call*>(source->ptr);
    const size_t size = std::min(room, from.unsent.size() - from.sent);
    std::memcpy(out, from.unsent.data() + from.sent, size);
    from.sent += size;
    if (from.sent < from.unsent.size()) return static_cast<ssize_t>(size);
    from.unsent.clear();
    from.sent = 0;
    if (from.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (size == 0 && !from.last) return NGHTTP2_ERR_DEFERRED;
    return static_cast<ssize_t>(size);
  };
  call.id =
      nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &provider, &call);
  return call.id;
}

Channel::Call* Channel::Find(int32_t call) const {
  return static_cast<Call*>(nghttp2_session_get_stream_user_data(session_, call));
}

void Channel::Send(int32_t call, std::string_view message) {
  Call* found = Find(call);
  if (found == nullptr) return;
  AppendFramed(found->unsent, message);
  nghttp2_session_resume_data(session_, call);
}

void Channel::Cancel(int32_t call) {
  Call* found = Find(call);
  if (found == nullptr) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, call, NGHTTP2_CANCEL);
  nghttp2_session_set_stream_user_data(session_, call, nullptr);
  // Its bytes may still be asked for, so it is not used again.
  CallHandler* handler = std::exchange(found->handler, nullptr);
  handler->OnEnd(absl::CancelledError("cancelled"));
}

void Channel::Abandon() {
  for (const auto& call : calls_) {
    if (call->handler == nullptr) continue;
    nghttp2_session_set_stream_user_data(session_, call->id, nullptr);
    call->handler = nullptr;
  }
}

void Channel::TakeData(Call& call, std::string_view data) {
  while (!data.empty() && call.handler != nullptr) {
    if (call.head_size < kFrameHead) {
      call.head[call.head_size++] = static_cast<unsigned char>(data.front());
      data.remove_prefix(1);
      if (call.head_size < kFrameHead) continue;
      call.size = size_t{call.head[1]} << 24 | size_t{call.head[2]} << 16 |
                  size_t{call.head[3]} << 8 | size_t{call.head[4]};
      call.left = call.size;
      if (call.left > 0) continue;
    }
    const std::string_view piece = data.substr(0, call.left);
    data.remove_prefix(piece.size());
    call.left -= piece.size();
    // A message that came in one piece is not copied.
    if (call.left == 0 && call.message.empty()) {
      call.head_size = 0;
      call.handler->OnMessage({piece, call.size});
      continue;
    }
    const size_t kept = call.handler->kept_bytes();
    if (call.message.size() < kept) call.message += piece.substr(0, kept - call.message.size());
    if (call.left > 0) continue;
    call.head_size = 0;
    const std::string message = std::exchange(call.message, {});
    call.handler->OnMessage({message, call.size});
  }
}

void Channel::Close(Call& call, const absl::Status& status) {
  CallHandler* handler = std::exchange(call.handler, nullptr);
  call.unsent.clear();
  call.message.clear();
  call.grpc_message.clear();
  call.sent = call.head_size = call.left = 0;
  call.grpc_status = -1;
  unused_.push_back(&call);
  if (handler != nullptr) handler->OnEnd(status);
}

absl::Status Channel::Lose(const std::string& why) {
  const absl::Status status =
      absl::UnavailableError(base::Concat("the connection to ", authority_, " is lost: ", why));
  // A handler may start another call, which is lost as well; it hears of that at the next Receive.
  const size_t count = calls_.size();
  for (size_t i = 0; i < count; ++i) {
    Call& call = *calls_[i];
    if (call.handler == nullptr) continue;
    nghttp2_session_set_stream_user_data(session_, call.id, nullptr);
    Close(call, status);
  }
  return status;
}

absl::Status Channel::Receive() {
  while (true) {
    const ssize_t size = recv(fd_, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return absl::OkStatus();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Lose(std::strerror(errno));
    if (size == 0) return Lose("the server closed it");
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(buffer_.data()), static_cast<size_t>(size));
    if (taken < 0) return Lose(nghttp2_strerror(static_cast<int>(taken)));
    if (static_cast<size_t>(size) < buffer_.size()) return absl::OkStatus();
  }
}

absl::Status Channel::Flush() {
  while (true) {
    while (unsent_.size() - sent_ < kStagedBytes) {
      const uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size < 0) return Lose(nghttp2_strerror(static_cast<int>(size)));
      if (size == 0) break;
      unsent_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    if (!has_unsent()) break;
    const ssize_t size = send(fd_, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return absl::OkStatus();
    if (size < 0) return Lose(std::strerror(errno));
    sent_ += static_cast<size_t>(size);
  }
  unsent_.clear();
  sent_ = 0;
  return absl::OkStatus();
}

}  // namespace kvshim::bench
