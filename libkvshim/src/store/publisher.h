// Publisher: one thread that answers clients and tells watchers after each commit, so that the
// committer is free for the next one.
//
// What it is given has been applied to the index already: a client that has its answer finds its
// write in every read that follows.
//
// Thread safety: Publish is called by one thread; Stop once.
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

  // Delivers what it was given and joins the thread.
  void Stop();

 private:
  void Run();

  watch::Hub& hub_;
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<Delivery> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
