// Outbox: the answer of one exchange, between the handler, on whatever thread, and the connection,
// which takes what there is when the client has taken what there was.
//
// What waits for the client is bounded: a streamed answer that would exceed it is cut, so that a
// client that does not read costs no more than that.
//
// Thread safety: every method may be called from any thread. `wake` and the callback of OnGone run
// with no lock held.
//
//   auto outbox = std::make_shared<Outbox>(OutboxOptions{.wake = [&] { connection.Flush(); }});
//   handler(request, ResponseInto(outbox));
//   while (outbox->Take(piece)) …
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "apiserver/exchange.h"
#include "base/mutex.h"

namespace kvplane::https {

struct OutboxOptions {
  bool head_only = false;  // the method was HEAD
  bool chunks = true;      // the client knows HTTP/1.1
  bool keep_alive = true;
  bool gzip = false;  // the client takes it
  size_t gzip_from_bytes = 0;
  size_t unread_bytes = 0;
  std::function<void()> wake;  // there is something to take, or the answer is at its end
};

class Outbox {
 public:
  explicit Outbox(OutboxOptions options) : options_(std::move(options)) {}

  // The handler's side.
  void Send(int status, apiserver::Pairs headers, std::string body);
  void Begin(int status, apiserver::Pairs headers);
  bool Write(std::string_view bytes);
  void End();
  void OnGone(std::function<void()> gone);
  // The handler has dropped the answer: where it is not whole it is made an error, or cut.
  void Drop();

  // The connection's side. Take gives the next bytes to write; false where there are none now.
  bool Take(std::string& piece);
  enum class Phase { kOpen, kWhole, kCut };  // kWhole: everything has been taken too
  Phase phase() const;
  // The client is gone: the handler hears of it.
  void Abandon();
  // The server goes: the connection ends with this answer, a streamed one at once.
  void Drain();

  bool keep_alive() const;
  int status() const;
  size_t bytes() const;

 private:
  enum class State { kFresh, kStreaming, kEnded, kCut };

  // What to call when the lock is released.
  struct Calls {
    std::function<void()> wake, gone;
    void Run() const {
      if (gone) gone();
      if (wake) wake();
    }
  };
  bool BeginLocked(int status, apiserver::Pairs headers) REQUIRES(mutex_);
  void EndLocked() REQUIRES(mutex_);
  std::function<void()> CutLocked() REQUIRES(mutex_);

  const OutboxOptions options_;
  mutable kvshim::base::Mutex mutex_;
  State state_ GUARDED_BY(mutex_) = State::kFresh;
  std::string pending_ GUARDED_BY(mutex_);
  std::function<void()> on_gone_ GUARDED_BY(mutex_);
  bool closes_ GUARDED_BY(mutex_) = false;  // with this answer, whatever the client wants
  bool in_chunks_ GUARDED_BY(mutex_) = false;
  int status_ GUARDED_BY(mutex_) = 0;
  size_t bytes_ GUARDED_BY(mutex_) = 0;
};

// A Response that fills `outbox`. Dropping its last reference ends the exchange.
std::shared_ptr<apiserver::Response> ResponseInto(std::shared_ptr<Outbox> outbox);

}  // namespace kvplane::https
