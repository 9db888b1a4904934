#include "sql/postgres/news.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "base/strings.h"

namespace kvshim::sql::postgres {
namespace {

constexpr int kFirstPause = 100;   // milliseconds
constexpr int kLastPause = 10000;  // the same
constexpr int kForever = -1;

}  // namespace

News::News(const Options& options, SessionTraits& traits, std::function<void(int64_t)> on_news)
    : options_(options),
      traits_(traits),
      on_news_(std::move(on_news)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-news");
}

News::~News() {
  stopping_.store(true);
  eventfd_write(wake_, 1);
  thread_.join();
  close(wake_);
}

void News::Announce(int64_t seq) {
  if (newest_.exchange(seq) < seq) eventfd_write(wake_, 1);
}

int64_t News::Due() const {
  const int64_t newest = newest_.load();
  return newest > told_ ? newest : 0;
}

void News::Wait(int socket, int milliseconds) {
  pollfd waiting[] = {{.fd = wake_, .events = POLLIN, .revents = 0},
                      {.fd = socket, .events = POLLIN, .revents = 0}};
  poll(waiting, socket < 0 ? 1 : 2, milliseconds);
  eventfd_t ignored;
  eventfd_read(wake_, &ignored);
}

void News::Run() {
  int pause = kFirstPause;
  while (!stopping_.load()) {
    auto connection = Connection::Open(options_, traits_);
    absl::Status listening = connection.status();
    if (listening.ok()) listening = (*connection)->ExecuteScript("LISTEN kvshim");
    if (listening.ok()) {
      pause = kFirstPause;
      // What was announced before is found by looking.
      on_news_(INT64_MAX);
      Serve(**connection);
      continue;
    }
    static base::LogLimiter limiter(std::chrono::minutes(1));
    if (limiter.Allow()) {
      base::Log(base::Level::kWarning, "cannot listen for other servers' commits",
                {{"error", listening}});
    }
    Wait(-1, pause);
    pause = std::min(pause * 2, kLastPause);
  }
}

void News::Serve(Connection& connection) {
  while (!stopping_.load() && !connection.broken()) {
    if (const int64_t due = Due(); due > 0) {
      told_ = due;
      if (!connection.ExecuteScript(base::Concat("NOTIFY kvshim, '", due, "'")).ok()) return;
    }
    const auto news = connection.TakeNotifications();
    if (!news.ok()) return;
    if (*news > 0) on_news_(*news);
    if (Due() == 0) Wait(connection.socket(), kForever);
  }
}

}  // namespace kvshim::sql::postgres
