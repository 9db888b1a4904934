// Publisher: one thread that answers clients and tells watchers and linked servers of a commit, so
// that the committer is free for the next one. Where there is no next one yet, the committer does
// it itself: waking a thread costs a lone client more than the work.
//
// What it is given has been applied to the index already: a client that has its answer finds its
// write in every read that follows.
//
// Deliveries are made one after another, in the order in which they were given.
//
// Thread safety: Publish and PublishHere are called by one thread; Stop once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "store/proposal.h"
#include "watch/hub.h"

namespace kvshim::store {

class Publisher {
 public:
  using SendFrame = std::function<void(std::string frame)>;

  // `send` hands a frame to all servers that are linked.
  Publisher(watch::Hub& hub, SendFrame send);
  ~Publisher() { Stop(); }

  struct Delivery {
    std::vector<std::unique_ptr<Proposal>> answered;
    absl::Status failure;  // OK: the batch is durable
    std::vector<watch::Event> events;
    int64_t skip_to = 0;  // instead of events: history has been replaced up to this revision
    std::string frame;    // of the batch, for the servers that are linked; empty: they have it
  };
  void Publish(Delivery delivery);
  // The same before it returns, if nothing else is being delivered and few watch.
  void PublishHere(Delivery delivery);

  // Delivers what it was given and joins the thread.
  void Stop();

 private:
  void Run();
  void Deliver(Delivery& delivery);

  watch::Hub& hub_;
  const SendFrame send_;
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<Delivery> queue_ GUARDED_BY(mutex_);
  bool delivering_ GUARDED_BY(mutex_) = false;  // somebody is
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
