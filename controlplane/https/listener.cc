#include "https/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <cstring>
#include <thread>
#include <utility>

#include "base/executor.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "http/listening_socket.h"
#include "https/connection.h"
#include "https/tls_context.h"

namespace kvplane::https {
namespace {

namespace asio = boost::asio;
namespace base = kvshim::base;
using boost::system::error_code;
using kvshim::http::ListeningSocket;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kDrainLook{10};

std::string PeerOf(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof(host), port,
                  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "";
  }
  std::string name = host;
  // IPv4 over a socket of both families.
  if (name.starts_with("::ffff:")) name = name.substr(7);
  if (name.find(':') != std::string::npos) name = base::Concat("[", name, "]");
  return base::Concat(name, ":", std::string_view(port));
}

class TlsListener : public Listener {
 public:
  explicit TlsListener(ListenerOptions options)
      : io_threads_(options.io_threads > 0 ? options.io_threads
                                           : std::max(1U, std::thread::hardware_concurrency())),
        executor_({.name = "kp-handler",
                   .threads = options.handler_threads,
                   .max_queued = options.max_queued}),
        io_(std::make_unique<asio::io_context>(static_cast<int>(io_threads_))) {
    place_.limits = options.limits;
    place_.handler = std::move(options.handler);
    place_.on_answered = std::move(options.on_answered);
    place_.executor = &executor_;
  }
  ~TlsListener() override { Stop(); }

  absl::Status AddAddress(const std::string& address) override {
    ASSIGN_OR_RETURN(ListeningSocket socket, ListeningSocket::Open(address));
    acceptors_.push_back(std::make_unique<Acceptor>(*io_, std::move(socket)));
    return absl::OkStatus();
  }

  std::vector<std::string> addresses() const override {
    std::vector<std::string> addresses;
    for (const auto& acceptor : acceptors_) addresses.push_back(acceptor->socket.address());
    return addresses;
  }

  void Start() override {
    for (const auto& acceptor : acceptors_) WaitForConnection(*acceptor);
    for (size_t i = 0; i < io_threads_; ++i) {
      threads_.emplace_back([this] { io_->run(); });
      pthread_setname_np(threads_.back().native_handle(), "kp-https");
    }
  }

  absl::Status SetIdentity(const TlsIdentity& identity) override {
    ASSIGN_OR_RETURN(auto context, MakeTlsContext(identity));
    base::MutexLock lock(mutex_);
    context_ = std::move(context);
    return absl::OkStatus();
  }

  size_t connections() const override { return connections_.load(); }

  void Drain(std::chrono::milliseconds grace) override {
    const auto give_up = std::chrono::steady_clock::now() + grace;
    draining_ = true;
    for (const auto& acceptor : acceptors_) {
      asio::post(acceptor->strand, [&one = *acceptor] {
        error_code ignored;
        one.ready.cancel(ignored);
        one.pause.cancel();
      });
    }
    std::vector<std::weak_ptr<Connection>> served;
    {
      base::MutexLock lock(mutex_);
      served = served_;
    }
    for (const auto& weak : served) {
      if (const auto connection = weak.lock()) connection->Drain();
    }
    while (connections_ > 0 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(kDrainLook);
    }
    Stop();
  }

 private:
  // A listening socket, and the event loops' view of it.
  struct Acceptor {
    Acceptor(asio::io_context& io, ListeningSocket listening)
        : socket(std::move(listening)),
          strand(asio::make_strand(io)),
          ready(strand, socket.fd()),
          pause(strand) {}

    ListeningSocket socket;
    asio::strand<asio::io_context::executor_type> strand;
    asio::posix::stream_descriptor ready;
    asio::steady_timer pause;
  };

  void Stop() {
    if (io_ == nullptr) return;
    // Handlers under way still reach their connections; then nobody does.
    executor_.Stop();
    io_->stop();
    for (std::thread& thread : threads_) thread.join();
    {
      base::WriterLock lock(place_.gate->mutex);
      place_.gate->open = false;
    }
    for (const auto& acceptor : acceptors_) acceptor->ready.release();
    acceptors_.clear();
    {
      base::MutexLock lock(mutex_);
      for (const auto& weak : served_) {
        if (const auto connection = weak.lock()) connection->Discard();
      }
    }
    io_ = nullptr;  // closes the connections, which its handlers own
  }

  void WaitForConnection(Acceptor& acceptor) {
    if (draining_) return;
    acceptor.ready.async_wait(asio::posix::descriptor_base::wait_read,
                              [this, &acceptor](error_code error) {
                                if (!error) Accept(acceptor);
                              });
  }

  void Accept(Acceptor& acceptor) {
    while (!draining_) {
      sockaddr_storage peer{};
      socklen_t size = sizeof(peer);
      const int fd = accept4(acceptor.socket.fd(), reinterpret_cast<sockaddr*>(&peer), &size,
                             SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        Welcome(fd, peer, size);
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

  void Welcome(int fd, const sockaddr_storage& peer, socklen_t size) {
    if (connections_ >= place_.limits.max_connections) {
      close(fd);
      return;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    Socket socket(asio::make_strand(*io_));
    error_code error;
    socket.assign(asio::generic::stream_protocol(peer.ss_family, IPPROTO_TCP), fd, error);
    if (error) {
      close(fd);
      return;
    }
    ++connections_;
    std::shared_ptr<void> counted(nullptr, [this](void*) { --connections_; });
    std::shared_ptr<asio::ssl::context> context;
    {
      base::MutexLock lock(mutex_);
      context = context_;
    }
    auto connection = Serve(std::move(socket), std::move(context), place_, PeerOf(peer, size),
                            std::move(counted));
    base::MutexLock lock(mutex_);
    if (served_.size() >= 2 * connections_ + 16) {
      std::erase_if(served_, [](const auto& weak) { return weak.expired(); });
    }
    served_.push_back(std::move(connection));
  }

  const size_t io_threads_;
  base::Executor executor_;
  ConnectionPlace place_;
  std::atomic<size_t> connections_{0};
  std::atomic<bool> draining_{false};
  mutable base::Mutex mutex_;
  std::shared_ptr<asio::ssl::context> context_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Connection>> served_ GUARDED_BY(mutex_);
  std::unique_ptr<asio::io_context> io_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Make(ListenerOptions options,
                                                         const TlsIdentity& identity) {
  auto listener = std::make_unique<TlsListener>(std::move(options));
  RETURN_IF_ERROR(listener->SetIdentity(identity));
  return listener;
}

}  // namespace kvplane::https
