#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "http/listening_socket.h"
#include "http/protocol.h"
#include "http/session.h"

namespace kvshim::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr size_t kMaxFirstBytes = 20 << 10;  // a TLS record and its header fit

}  // namespace

class Listener::Impl {
 public:
  explicit Impl(ListenerOptions options) : options_(std::move(options)) {}
  ~Impl() { Stop(); }

  absl::Status AddAddress(const std::string& address) {
    ASSIGN_OR_RETURN(ListeningSocket socket, ListeningSocket::Open(address));
    acceptors_.push_back(std::make_unique<Acceptor>(*io_, std::move(socket)));
    return absl::OkStatus();
  }

  std::vector<std::string> addresses() const {
    std::vector<std::string> addresses;
    for (const auto& acceptor : acceptors_) addresses.push_back(acceptor->socket.address());
    return addresses;
  }

  void Start() {
    for (const auto& acceptor : acceptors_) WaitForConnection(*acceptor);
    thread_ = std::thread([this] { io_->run(); });
    pthread_setname_np(thread_.native_handle(), "kv-http");
  }

  void Stop() {
    if (io_ == nullptr) return;
    io_->stop();
    if (thread_.joinable()) thread_.join();
    for (const auto& acceptor : acceptors_) acceptor->ready.release();
    acceptors_.clear();
    io_ = nullptr;  // closes the connections, which its handlers own
  }

 private:
  // A listening socket, and the event loop's view of it.
  struct Acceptor {
    Acceptor(asio::io_context& io, ListeningSocket listening)
        : socket(std::move(listening)), ready(io, socket.fd()), pause(io) {}

    ListeningSocket socket;
    asio::posix::stream_descriptor ready;
    asio::steady_timer pause;
  };

  // A connection whose protocol is not known yet.
  struct Newcomer {
    Newcomer(asio::io_context& io, Socket accepted, ConnectionToken counted)
        : socket(std::move(accepted)), timer(io), token(std::move(counted)) {}

    Socket socket;
    asio::steady_timer timer;
    ConnectionToken token;
    std::string read;
    std::array<char, 4096> chunk;
  };

  void WaitForConnection(Acceptor& acceptor) {
    acceptor.ready.async_wait(asio::posix::descriptor_base::wait_read,
                              [this, &acceptor](error_code error) {
                                if (!error) Accept(acceptor);
                              });
  }

  void Accept(Acceptor& acceptor) {
    while (true) {
      const int fd = accept4(acceptor.socket.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        Welcome(acceptor, fd);
        continue;
      }
      if (errno == EAGAIN) return WaitForConnection(acceptor);
      if (errno == EINTR || errno == ECONNABORTED) continue;
      static base::LogLimiter limiter(std::chrono::seconds(10));
      if (limiter.Allow()) {
        base::Log(
            base::Level::kWarning, "cannot accept a connection",
            {{"address", acceptor.socket.address()}, {"error", std::string(strerror(errno))}});
      }
      // Out of file descriptors, most likely: some may be free in a moment.
      acceptor.pause.expires_after(kAcceptPause);
      acceptor.pause.async_wait([this, &acceptor](error_code error) {
        if (!error) WaitForConnection(acceptor);
      });
      return;
    }
  }

  void Welcome(const Acceptor& acceptor, int fd) {
    if (connections_ >= options_.max_connections) {
      close(fd);
      return;
    }
    const int family = acceptor.socket.is_unix() ? AF_UNIX : AF_INET;
    if (family != AF_UNIX) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    Socket socket(*io_);
    error_code error;
    socket.assign(asio::generic::stream_protocol(family, 0), fd, error);
    if (error) {
      close(fd);
      return;
    }
    ++connections_;
    ConnectionToken token(nullptr, [this](void*) { --connections_; });
    auto newcomer = std::make_shared<Newcomer>(*io_, std::move(socket), std::move(token));
    newcomer->timer.expires_after(options_.first_bytes_limit);
    newcomer->timer.async_wait([weak = std::weak_ptr(newcomer)](error_code expired) {
      const auto slow = weak.lock();
      error_code ignored;
      if (!expired && slow != nullptr) slow->socket.close(ignored);
    });
    ReadMore(std::move(newcomer));
  }

  void ReadMore(std::shared_ptr<Newcomer> newcomer) {
    Newcomer& one = *newcomer;
    one.socket.async_read_some(
        asio::buffer(one.chunk),
        [this, newcomer = std::move(newcomer)](error_code error, size_t count) mutable {
          if (error) return;
          newcomer->read.append(newcomer->chunk.data(), count);
          Decide(std::move(newcomer));
        });
  }

  void Decide(std::shared_ptr<Newcomer> newcomer) {
    const bool tls = options_.certificates != nullptr;
    const Protocol protocol = tls ? ProtocolOfTls(newcomer->read) : ProtocolOf(newcomer->read);
    if (protocol == Protocol::kUndecided && newcomer->read.size() < kMaxFirstBytes) {
      return ReadMore(std::move(newcomer));
    }
    newcomer->timer.cancel();
    switch (protocol) {
      case Protocol::kHttp2: {
        if (!options_.take_http2) return;
        error_code error;
        const int fd = newcomer->socket.release(error);
        if (error) return;
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        if (tls) options_.certificates->Refresh();
        options_.take_http2(fd, newcomer->read);
        return;
      }
      case Protocol::kHttp1:
        if (tls) {
          options_.certificates->Refresh();
          ServeTls(std::move(newcomer->socket), std::move(newcomer->read), *options_.pages,
                   options_.session, options_.certificates->context(), std::move(newcomer->token));
        } else {
          ServePlain(std::move(newcomer->socket), std::move(newcomer->read), *options_.pages,
                     options_.session, std::move(newcomer->token));
        }
        return;
      default:
        return;
    }
  }

  const ListenerOptions options_;
  size_t connections_ = 0;  // of the listener's thread
  std::unique_ptr<asio::io_context> io_ = std::make_unique<asio::io_context>(1);
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::thread thread_;
};

Listener::Listener(ListenerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Listener::~Listener() = default;
absl::Status Listener::AddAddress(const std::string& address) { return impl_->AddAddress(address); }
std::vector<std::string> Listener::addresses() const { return impl_->addresses(); }
void Listener::Start() { impl_->Start(); }
void Listener::Stop() { impl_->Stop(); }

}  // namespace kvshim::http
