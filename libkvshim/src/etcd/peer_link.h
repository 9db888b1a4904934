// PeerLink: this server's link to the owner, while that is another one: hears what the owner
// commits, and sends it writes that it commits for this server (store/relay.h). Kept up while both
// live, and made anew after a moment where it broke.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "http/channel.h"
#include "http/tls_identity.h"
#include "store/engine.h"

namespace kvshim::etcd {

class PeerLink {
 public:
  // `identity`: as PeerNews'.
  PeerLink(store::Engine& store, http::IdentitySource identity);
  ~PeerLink();

 private:
  class Handshake;

  void Run();
  // Returns when the link has ended.
  void Follow(const store::Member& owner);
  bool stopping() const;

  store::Engine& store_;
  const http::IdentitySource identity_;

  mutable base::Mutex mutex_;
  base::Condition changed_;
  std::shared_ptr<http::Channel> channel_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::etcd
