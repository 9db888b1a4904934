// NodeLifecycleController: says of a node that has not been heard of for 40 seconds that it is
// unknown how it is, and taints nodes by their conditions: nothing new comes to a node that is not
// ready, and what is there is evicted in time (taint_eviction.h).
//
// A node is heard of where its lease is renewed or its heartbeat is another; the time is this
// server's own, so that clocks need not agree. A server that comes to lead waits the whole time
// anew. Where no node at all is ready and alive nobody is evicted: rather this side is cut off than
// all of them lost.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "controller/controller.h"

namespace kvplane::controller {

class NodeLifecycleController : public Controller {
 public:
  explicit NodeLifecycleController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a node

 private:
  struct Heard {
    std::string heartbeat;
    kvshim::base::TimePoint at;
  };

  // Whether a node that is ready was heard of just now.
  bool AnyIsAlive();
  // How long ago the node was heard of last.
  kvshim::base::Duration SilenceOf(const std::string& name, const json::Object& node);
  absl::Status MarkUnknown(const std::string& name);
  absl::Status MarkPodsNotReady(const std::string& name);
  absl::Status Taint(const std::string& name, const json::Object& node);
  void AddAllNodes();

  Informer& nodes_;
  Informer& leases_;
  Informer& pods_;
  kvshim::base::Mutex mutex_;
  std::map<std::string, Heard> heard_ GUARDED_BY(mutex_);
  std::set<std::string> ready_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::controller
