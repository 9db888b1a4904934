// EventLoop: a thread that serves sockets, and does what other threads ask of it.
//
// Work is done in turns: reading a socket, a timer, a wake by another thread. What a turn makes to
// be sent is sent at its end, each connection's in one go: a hundred answers that came together
// share packets.
//
// Thread safety: Wake, Post and IsOnTurn may be called from any thread, the others from the loop's
// own or while it does not run.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "rpc/outbox.h"

namespace kvshim::rpc {

class EventLoop {
 public:
  // What another thread may want the loop to go on with.
  class Wakeable {
   public:
    virtual ~Wakeable() = default;
    virtual void Resume() = 0;
  };
  // What may have something to send when a turn ends.
  class Flushable {
   public:
    virtual ~Flushable() = default;
    virtual void Flush() = 0;
  };
  // The scope of a turn.
  class Turn {
   public:
    explicit Turn(EventLoop& loop) : loop_(loop) { loop_.in_turn_ = true; }
    ~Turn() { loop_.EndTurn(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    EventLoop& loop_;
  };

  EventLoop() = default;
  ~EventLoop() { Stop(); }

  void Start(const std::string& thread_name);
  // Ends the thread. What has not been done is not done any more.
  void Stop();

  // Whether the caller is in a turn of this loop.
  bool IsOnTurn() const { return std::this_thread::get_id() == thread_id_ && in_turn_; }
  boost::asio::io_context& io() { return io_; }

  // one->Resume() is called in a turn, soon.
  void Wake(std::shared_ptr<Wakeable> one);
  // The same for a function, which costs more.
  template <typename Function>
  void Post(Function function) {
    boost::asio::post(io_, [this, function = std::move(function)]() mutable {
      Turn turn(*this);
      function();
    });
  }

  // one->Flush() is called at the end of this turn. The caller sees to it that it is asked once.
  void FlushAtEnd(std::shared_ptr<Flushable> one) { unflushed_.push_back(std::move(one)); }

  // Room for whoever is on turn.
  using ReadBuffer = std::array<char, 65536>;
  ReadBuffer& read_buffer() { return *read_buffer_; }
  // Empty between turns.
  Outbox& outbox() { return outbox_; }
  std::string& plain_buffer() { return plain_buffer_; }

 private:
  void EndTurn();

  boost::asio::io_context io_{1};
  std::thread thread_;
  std::thread::id thread_id_;  // set before anybody can ask
  bool in_turn_ = false;
  std::vector<std::shared_ptr<Flushable>> unflushed_;
  std::unique_ptr<ReadBuffer> read_buffer_ = std::make_unique<ReadBuffer>();
  Outbox outbox_;
  std::string plain_buffer_;

  base::Mutex mutex_;
  std::vector<std::shared_ptr<Wakeable>> woken_ GUARDED_BY(mutex_);
  bool scheduled_ GUARDED_BY(mutex_) = false;
};

}  // namespace kvshim::rpc
