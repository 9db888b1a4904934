#include "rpc/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "rpc/headers.h"

namespace kvshim::rpc {
namespace {

using boost::system::error_code;

// Bytes a client may send before they are looked at: of one call, of all.
constexpr int32_t kStreamWindow = 1 << 20;
constexpr int32_t kConnectionWindow = 4 << 20;
constexpr size_t kMaxHeadBytes = size_t{16} << 10;
// Handed to the socket at a time: a kernel that is given much at once does less for each byte.
constexpr size_t kStagedBytes = size_t{1} << 20;
// The same of a connection that is encrypted, which has copies of it.
constexpr size_t kStagedPlainBytes = size_t{256} << 10;
constexpr int kMaxPingStrikes = 2;
// Calls a client may cancel in a row, and further ones a second: clients whose time is over do.
constexpr uint64_t kResetBurst = 20000;
constexpr uint64_t kResetRate = 2000;

std::string PeerOf(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return "unknown:";
  char text[INET6_ADDRSTRLEN] = {};
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return base::Concat("ipv4:", static_cast<const char*>(text), ":", ntohs(v4.sin_port));
  }
  if (name.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return base::Concat("ipv6:[", static_cast<const char*>(text), "]:", ntohs(v6.sin6_port));
  }
  return "unix:";
}

int FamilyOf(int fd) {
  int family = AF_INET;
  socklen_t size = sizeof(family);
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

}  // namespace

Connection::Connection(ServerState& state, EventLoop& loop, int fd, std::unique_ptr<TlsSession> tls)
    : state_(state), loop_(loop), peer_(PeerOf(fd)), tls_(std::move(tls)) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // nothing to a unix socket
  error_code error;
  socket_.emplace(loop.io());
  std::ignore = socket_->assign(boost::asio::generic::stream_protocol(FamilyOf(fd), 0), fd, error);
  if (error) {  // the kernel has no room for one more to watch
    close(fd);
    return;
  }
  std::ignore = socket_->native_non_blocking(true, error);
  timer_.emplace(loop.io());
}

Connection::~Connection() {
  if (session_ != nullptr) nghttp2_session_del(session_);
}

void Connection::Start(const std::string& read_already) {
  if (closed_) return;
  if (!timer_.has_value()) {
    closed_ = true;
    return state_.ConnectionClosed(this);
  }
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  // Old clients of etcd (3.4) send a whole URL as :authority, which HTTP/2 does not allow.
  nghttp2_option_set_no_http_messaging(options, 1);
  nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetRate);
  nghttp2_session_server_new2(&session_, SessionCallbacks(), this, options);
  nghttp2_option_del(options);
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, state_.options.max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeadBytes},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  last_arrival_ = base::Clock::Real().Now();
  SetTimer(state_.options.handshake_timeout);
  if (!read_already.empty()) Arrived(read_already);
  if (closed_) return;
  FlushSoon();
  WaitForBytes();
}

// Reading -----------------------------------------------------------------------------------------

void Connection::WaitForBytes() {
  socket_->async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error || self->closed_) return;
    const EventLoop::Turn turn(self->loop_);
    self->Readable();
  });
}

void Connection::Readable() {
  auto& buffer = loop_.read_buffer();
  const ssize_t count = recv(socket_->native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return Close(true);
  if (count > 0) Arrived({buffer.data(), static_cast<size_t>(count)});
  if (!closed_) WaitForBytes();
}

void Connection::Arrived(std::string_view bytes) {
  last_arrival_ = base::Clock::Real().Now();
  ping_is_out_ = false;
  if (tls_ == nullptr) {
    Process(bytes);
  } else {
    const bool was_established = tls_->is_established();
    bool sound = tls_->PutCipher(bytes) && tls_->Handshake();
    if (sound && !was_established && tls_->is_established()) {
      peer_common_name_ = tls_->peer_common_name();
    }
    std::array<char, size_t{16} << 10> plain;
    while (sound && tls_->is_established() && !failed_) {
      const int count = tls_->Read(plain.data(), plain.size());
      if (count == 0) break;
      sound = count > 0;
      if (sound) Process({plain.data(), static_cast<size_t>(count)});
    }
    if (!sound) failed_ = true;
    SendCipher();  // of the handshake, or why it failed
  }
  if (failed_) return Close(true);
  FlushSoon();
}

void Connection::Process(std::string_view plain) {
  if (failed_) return;
  const ssize_t count = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(plain.data()), plain.size());
  if (count < 0) failed_ = true;
}

void Connection::BeginRequest() { head_ = {}; }

bool Connection::AddHeader(std::string_view name, std::string_view value) {
  head_.bytes += name.size() + value.size() + 32;  // as HTTP/2 counts them
  if (head_.bytes > kMaxHeadBytes) return false;
  if (name == ":path") {
    head_.path = value;
  } else if (name == ":method") {
    head_.is_post = value == "POST";
  } else if (name == "content-type") {
    head_.content_type = value;
  } else if (name == "grpc-encoding") {
    head_.encoding = value == "identity" ? Encoding::kIdentity
                     : value == "gzip"   ? Encoding::kGzip
                                         : Encoding::kUnknown;
  } else if (!name.starts_with(':') && !name.starts_with("grpc-") && name != "te" &&
             name != "user-agent") {
    head_.metadata.emplace_back(name, value);
  }
  return true;
}

void Connection::RequestArrived(int32_t id) {
  constexpr std::string_view kType = "application/grpc";
  const char* refusal = nullptr;
  if (!head_.is_post) {
    refusal = "405";
  } else if (!head_.content_type.starts_with(kType) ||
             (head_.content_type.size() > kType.size() && head_.content_type[kType.size()] != '+' &&
              head_.content_type[kType.size()] != ';')) {
    refusal = "415";
  }
  if (refusal != nullptr) {
    const nghttp2_nv header = Header(":status", refusal);
    nghttp2_submit_response(session_, id, &header, 1, nullptr);
    return;
  }
  const Method* method = state_.table.Find(head_.path);
  auto exchange =
      Exchange::Make(state_, shared_from_this(), id, method, std::exchange(head_, RequestHead()));
  Exchange& begun = *exchange;
  exchanges_.emplace(id, std::move(exchange));
  begun.Begin();
}

Exchange* Connection::Find(int32_t id) const {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : found->second.get();
}

void Connection::StreamClosed(int32_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  const std::shared_ptr<Exchange> exchange = std::move(found->second);
  exchanges_.erase(found);
  exchange->Closed();
}

// A client that pings more often than it may, or without anything to ask for, is sent away.
void Connection::PingArrived() {
  const base::TimePoint now = base::Clock::Real().Now();
  const base::Duration least =
      exchanges_.empty() ? std::chrono::hours(2) : base::Duration(state_.options.min_ping_interval);
  if (now < last_ping_ + least && ++ping_strikes_ > kMaxPingStrikes) {
    constexpr std::string_view kWhy = "too_many_pings";
    nghttp2_submit_goaway(
        session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
        NGHTTP2_ENHANCE_YOUR_CALM, reinterpret_cast<const uint8_t*>(kWhy.data()), kWhy.size());
    closing_ = true;
  }
  last_ping_ = now;
}

void Connection::Consume(int32_t id, size_t arrived, size_t consumed) {
  if (closed_) return;
  if (arrived > 0) nghttp2_session_consume_connection(session_, arrived);
  if (consumed > 0) nghttp2_session_consume_stream(session_, id, consumed);
  FlushSoon();
}

// Sending -----------------------------------------------------------------------------------------

void Connection::BeginAnswer(Exchange& exchange) {
  if (closed_) return;
  if (exchange.outbound_bytes() == 0 && exchange.is_ended()) {
    const Trailers trailers(exchange.end());
    const std::array<nghttp2_nv, 4> headers{Header(":status", "200"),
                                            Header("content-type", "application/grpc"), trailers[0],
                                            trailers[1]};
    nghttp2_submit_response(session_, exchange.id(), headers.data(), 2 + trailers.size(), nullptr);
  } else {
    const std::array<nghttp2_nv, 2> headers{Header(":status", "200"),
                                            Header("content-type", "application/grpc")};
    nghttp2_data_provider provider = SupplierOf(exchange);
    nghttp2_submit_response(session_, exchange.id(), headers.data(), headers.size(), &provider);
  }
  FlushSoon();
}

void Connection::ResumeAnswer(Exchange& exchange) {
  if (closed_) return;
  nghttp2_session_resume_data(session_, exchange.id());
  FlushSoon();
}

bool Connection::IsStaged() const {
  return staged_->size() >= (tls_ == nullptr ? kStagedBytes : kStagedPlainBytes);
}

void Connection::FlushSoon() {
  if (closed_ || std::exchange(flush_due_, true)) return;
  loop_.FlushAtEnd(shared_from_this());
}

void Connection::Flush() {
  flush_due_ = false;
  if (tls_ != nullptr && !tls_->is_established()) return;
  while (!closed_ && unsent_.empty()) {
    Outbox& staged = loop_.outbox();
    staged_ = &staged;
    const int result = nghttp2_session_send(session_);
    staged_ = nullptr;
    if (result != 0) {
      staged.Clear();
      return Close(true);
    }
    if (staged.empty()) break;
    if (tls_ == nullptr) {
      Send(staged);
      continue;
    }
    std::string& plain = loop_.plain_buffer();
    plain.clear();
    staged.FlattenTo(plain);
    staged.Clear();
    if (!tls_->Write(plain)) return Close(true);
    SendCipher();
  }
  if (closed_ || !unsent_.empty()) return;
  const bool is_through =
      nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  if (closing_ || is_through) Close(true);
}

void Connection::SendCipher() {
  std::string cipher;
  tls_->TakeCipher(cipher);
  if (!unsent_.empty()) return unsent_.AppendCopy(cipher);
  Outbox& staged = loop_.outbox();
  staged.AppendCopy(cipher);
  Send(staged);
}

void Connection::Send(Outbox& outbox) {
  switch (outbox.Send(socket_->native_handle())) {
    case Outbox::Sent::kAll:
      return;
    case Outbox::Sent::kSome:
      if (&outbox != &unsent_) outbox.MoveTo(unsent_);
      return WaitForRoom();
    case Outbox::Sent::kFailed:
      outbox.Clear();
      return Close(true);
  }
}

void Connection::WaitForRoom() {
  socket_->async_wait(Socket::wait_write, [self = shared_from_this()](error_code error) {
    if (error || self->closed_) return;
    const EventLoop::Turn turn(self->loop_);
    self->Send(self->unsent_);
    if (!self->closed_ && self->unsent_.empty()) self->FlushSoon();
  });
}

// The end -----------------------------------------------------------------------------------------

void Connection::SayGoodbye() {
  if (closed_ || session_ == nullptr) return;
  nghttp2_submit_shutdown_notice(session_);
  FlushSoon();
}

void Connection::Close(bool cut) {
  if (closed_) return;
  if (!cut && session_ != nullptr) {  // which Start makes
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    return FlushSoon();
  }
  closed_ = true;
  error_code ignored;
  timer_.reset();
  std::ignore = socket_->shutdown(Socket::shutdown_both, ignored);
  socket_.reset();
  unsent_.Clear();
  auto exchanges = std::exchange(exchanges_, {});
  for (const auto& [id, exchange] : exchanges) exchange->Closed();
  state_.ConnectionClosed(this);
}

void Connection::SetTimer(base::Duration pause) {
  timer_->expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(pause));
  timer_->async_wait([self = shared_from_this()](error_code error) {
    if (error || self->closed_) return;
    const EventLoop::Turn turn(self->loop_);
    self->TimerExpired();
  });
}

// First the time of the handshake, then of silence.
void Connection::TimerExpired() {
  if (!has_settings_ || ping_is_out_) return Close(true);
  const base::Duration silent = base::Clock::Real().Now() - last_arrival_;
  if (silent < state_.options.keepalive_interval) {
    return SetTimer(state_.options.keepalive_interval - silent);
  }
  ping_is_out_ = true;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  FlushSoon();
  SetTimer(state_.options.keepalive_timeout);
}

}  // namespace kvshim::rpc
