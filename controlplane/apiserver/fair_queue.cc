#include "apiserver/fair_queue.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace kvplane::apiserver {

using kvshim::base::MutexLock;

FairQueue::FairQueue(const FairQueueOptions& options)
    : options_(options), most_threads_(std::max<size_t>(1, options.threads - options.threads / 4)) {
  for (size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
      Work();
    });
  }
}

FairQueue::~FairQueue() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

size_t FairQueue::Flow::Waiting(Lane lane) const {
  return static_cast<size_t>(
      std::ranges::count_if(waiting, [&](const Item& item) { return item.lane == lane; }));
}

size_t FairQueue::under_way(Lane lane) const {
  MutexLock lock(mutex_);
  return under_way_[static_cast<size_t>(lane)];
}

void FairQueue::Submit(Lane lane, const std::string& name, Function run, Function refuse) {
  const auto index = static_cast<size_t>(lane);
  Function refused;
  {
    MutexLock lock(mutex_);
    Flow& flow = flows_[name];
    flow.name = name;
    bool room = under_way_[index] < options_.most[index];
    if (!room) {
      refused = MakeRoom(lane, flow);
      // Of who has nothing under way one is taken all the same. One that runs may have been
      // answered already: its client has sent the next before its thread was back.
      room = refused != nullptr || (flow.waiting.empty() && flow.running <= 1);
    }
    if (room) {
      ++under_way_[index];
      flow.waiting.push_back({lane, std::move(run), std::move(refuse)});
      changed_.NotifyOne();
    } else {
      refused = std::move(refuse);
      if (flow.waiting.empty() && flow.running == 0) flows_.erase(name);
    }
  }
  if (refused != nullptr) refused();
}

FairQueue::Function FairQueue::MakeRoom(Lane lane, const Flow& flow) {
  Flow* longest = nullptr;
  size_t most = flow.Waiting(lane) + 1;  // with the one that comes
  for (auto& [name, other] : flows_) {
    const size_t waiting = other.Waiting(lane);
    if (waiting > most) {
      longest = &other;
      most = waiting;
    }
  }
  if (longest == nullptr) return nullptr;
  const auto newest = std::find_if(longest->waiting.rbegin(), longest->waiting.rend(),
                                   [&](const Item& item) { return item.lane == lane; });
  Function refuse = std::move(newest->refuse);
  longest->waiting.erase(std::next(newest).base());
  --under_way_[static_cast<size_t>(lane)];
  return refuse;
}

FairQueue::Flows::iterator FairQueue::Next() {
  auto best = flows_.end();
  for (auto flow = flows_.begin(); flow != flows_.end(); ++flow) {
    if (flow->second.waiting.empty() || flow->second.running >= most_threads_) continue;
    if (best == flows_.end() || std::tie(flow->second.running, flow->second.served) <
                                    std::tie(best->second.running, best->second.served)) {
      best = flow;
    }
  }
  return best;
}

// Null where nothing waits any more and the queue stops.
FairQueue::Flow* FairQueue::Take(Item& item) {
  MutexLock lock(mutex_);
  Flows::iterator next;
  while ((next = Next()) == flows_.end()) {
    const bool waiting =
        std::ranges::any_of(flows_, [](const auto& one) { return !one.second.waiting.empty(); });
    if (stopping_ && !waiting) return nullptr;
    changed_.Wait(mutex_);
  }
  Flow& flow = next->second;
  item = std::move(flow.waiting.front());
  flow.waiting.pop_front();
  ++flow.running;
  flow.served = ++served_;
  return &flow;
}

void FairQueue::Finish(Lane lane, Flow& flow) {
  MutexLock lock(mutex_);
  --under_way_[static_cast<size_t>(lane)];
  --flow.running;
  if (flow.waiting.empty() && flow.running == 0) flows_.erase(flow.name);
  // Else this thread itself goes on with what waits.
  if (stopping_) changed_.NotifyAll();
}

void FairQueue::Work() {
  Item item;
  while (Flow* const flow = Take(item)) {
    item.run();
    const Lane lane = item.lane;
    item = {};
    Finish(lane, *flow);
  }
}

}  // namespace kvplane::apiserver
