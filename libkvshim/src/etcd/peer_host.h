// PeerHost: the end of the links of other servers at the one that they follow: sends them what it
// commits, and has their writes committed.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/channel.h"
#include "store/engine.h"

namespace kvshim::etcd {

class PeerHost {
 public:
  // Where other servers ask for a link, and what for. The number changes with what the frames mean
  // (store/peer_frames.h): two builds of one release may differ in that.
  static constexpr char kPath[] = "/kvshim/link";
  static constexpr char kProtocol[] = "kvshim-link/2";

  explicit PeerHost(store::Engine& store);
  ~PeerHost();

  // A connection that may become a link.
  void Take(std::shared_ptr<http::Channel> channel);

  // Tells the other servers that this one is going to stop, and waits until they have the answers
  // that are under way, `grace` at most.
  void Drain(std::chrono::milliseconds grace);

 private:
  class Link;
  // Shared with the links, which may outlive the host by a moment.
  struct Links {
    base::Mutex mutex;
    base::Condition changed;
    std::vector<std::shared_ptr<Link>> proven GUARDED_BY(mutex);
    std::vector<std::shared_ptr<Link>> unproven GUARDED_BY(mutex);
    bool closed GUARDED_BY(mutex) = false;
  };

  store::Engine& store_;
  const std::shared_ptr<Links> links_ = std::make_shared<Links>();
};

}  // namespace kvshim::etcd
