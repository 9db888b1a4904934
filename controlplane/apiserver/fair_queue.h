// FairQueue: threads that run requests, shared fairly among who asks. Each user has a queue of
// their own (a flow), and a thread that is free takes from the flow that fewest threads work for,
// of these from the one that has waited longest: a user with a thousand requests waiting does not
// hold up another's first. Nobody gets all of the threads, so that one is free soon.
//
// Requests that only read and those that change something are bounded apart, waiting ones and
// running ones together. Beyond it the flow with most requests waiting loses its newest, which is
// refused: who floods is the one to be told, whoever's request came last. Who has nothing under
// way, or one request that is running, is never refused.
//
// This is what Kubernetes' API priority and fairness comes to with one priority level whose flows
// are told apart by user; shuffle sharding is not needed, as every flow has its own queue.
//
// Thread safety: every method may be called from any thread.
//
//   FairQueue queue({.name = "kp-api", .threads = 16});
//   queue.Submit(Lane::kReading, user.name, [] { … }, [] { /* 429 */ });
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace kvplane::apiserver {

enum class Lane { kReading = 0, kChanging = 1 };

struct FairQueueOptions {
  std::string name = "fair";
  size_t threads = 16;
  std::array<size_t, 2> most = {400, 200};  // under way at once, by lane
};

class FairQueue {
 public:
  using Function = absl::AnyInvocable<void()>;

  explicit FairQueue(const FairQueueOptions& options);
  // Runs what waits, and waits for it.
  ~FairQueue();
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  // Calls either of them once: `run` on one of the threads, `refuse` on that of this call or of a
  // later one.
  void Submit(Lane lane, const std::string& flow, Function run, Function refuse);

  // Waiting and running.
  size_t under_way(Lane lane) const;

 private:
  struct Item {
    Lane lane = Lane::kReading;
    Function run, refuse;
  };
  struct Flow {
    std::string name;
    std::deque<Item> waiting;
    size_t running = 0;
    uint64_t served = 0;  // when a thread was last given to it; the count of all so far
    size_t Waiting(Lane lane) const;
  };
  using Flows = std::map<std::string, Flow>;

  void Work();
  Flow* Take(Item& item);
  void Finish(Lane lane, Flow& flow);
  Flows::iterator Next() REQUIRES(mutex_);
  // Takes the newest of the lane away from the flow with most of it, if that is another's or has
  // more than `flow`.
  Function MakeRoom(Lane lane, const Flow& flow) REQUIRES(mutex_);

  const FairQueueOptions options_;
  const size_t most_threads_;  // of one flow
  mutable kvshim::base::Mutex mutex_;
  kvshim::base::Condition changed_;
  Flows flows_ GUARDED_BY(mutex_);  // with something waiting or running
  std::array<size_t, 2> under_way_ GUARDED_BY(mutex_) = {0, 0};
  uint64_t served_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace kvplane::apiserver
