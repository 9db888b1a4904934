// Publisher: one thread that answers clients and tells watchers of a commit, so that the committer
// is free for the next one. Where there is no next one yet, the committer does it itself: waking a
// thread costs a lone client more than the work.
//
// What it is given has been applied to the index already: a client that has its answer finds its
// write in every read that follows.
//
// Deliveries are made one after another, in the order in which they were given.
//
// Thread safety: Publish and PublishHere are called by one thread; Stop once.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "store/proposal.h"
#include "watch/hub.h"

namespace kvshim::store {

class Publisher {
 public:
  explicit Publisher(watch::Hub& hub);
  ~Publisher() { Stop(); }

  struct Delivery {
    std::vector<std::unique_ptr<Proposal>> answered;
    absl::Status failure;  // OK: the batch is durable
    std::vector<watch::Event> events;
    int64_t skip_to = 0;  // instead of events: history has been replaced up to this revision
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
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<Delivery> queue_ GUARDED_BY(mutex_);
  bool delivering_ GUARDED_BY(mutex_) = false;  // somebody is
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
