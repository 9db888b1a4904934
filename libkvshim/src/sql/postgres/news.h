// News: LISTEN and NOTIFY on a connection and a thread of their own.
//
// An announcement is made after the commit it tells of, never in its transaction: there it would
// serialize all commits of the database on one lock. Those that come while one is under way are
// made as one. Whatever is lost (a broken connection, a pooler that does not carry LISTEN) only
// delays others until they look by themselves.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "sql/postgres/connection.h"

namespace kvshim::sql::postgres {

class News {
 public:
  News(const Options& options, SessionTraits& traits, std::function<void(int64_t)> on_news);
  ~News();
  News(const News&) = delete;
  News& operator=(const News&) = delete;

  void Announce(int64_t seq);

 private:
  void Run();
  // Serves one connection until it breaks or the end comes.
  void Serve(Connection& connection);
  // The newest that has not been announced yet; 0: none.
  int64_t Due() const;
  // Waits for the socket (where there is one), an announcement, the end, or the time.
  void Wait(int socket, int milliseconds);

  const Options& options_;
  SessionTraits& traits_;
  const std::function<void(int64_t)> on_news_;
  const int wake_;  // an eventfd
  std::atomic<int64_t> newest_{0};
  int64_t told_ = 0;  // of the thread
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace kvshim::sql::postgres
