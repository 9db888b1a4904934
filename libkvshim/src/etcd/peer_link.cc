#include "etcd/peer_link.h"

#include <pthread.h>

#include <utility>

#include "base/logger.h"
#include "etcd/peer_host.h"
#include "etcd/peer_proof.h"
#include "http/client.h"

namespace kvshim::etcd {
namespace {

constexpr std::chrono::seconds kTimeout{1};
constexpr std::chrono::milliseconds kLookEvery{500};

}  // namespace

// This side of peer_proof.h.
class PeerLink::Handshake {
 public:
  Handshake(const std::string& secret, http::Channel& channel)
      : secret_(secret), channel_(channel), hello_(PeerHello()) {
    channel_.Send(hello_);
  }

  bool done() const { return done_; }

  // False where the other is no server of this database and release.
  bool Take(std::string_view frame) {
    if (frame.empty()) return true;
    if (hello_.empty() || frame.size() != kHelloBytes + kProofBytes) return false;
    const std::string_view owner_hello = frame.substr(0, kHelloBytes);
    const auto proof = [&](PeerRole role) {
      return PeerProof(role, secret_, channel_.binding(), hello_, owner_hello);
    };
    if (!IsProof(frame.substr(kHelloBytes), proof(PeerRole::kOwner))) return false;
    channel_.Send(proof(PeerRole::kFollower));
    done_ = true;
    return true;
  }

 private:
  const std::string& secret_;
  http::Channel& channel_;
  const std::string hello_;
  bool done_ = false;
};

PeerLink::PeerLink(store::Engine& store, http::IdentitySource identity)
    : store_(store), identity_(std::move(identity)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-link");
}

PeerLink::~PeerLink() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    if (channel_ != nullptr) channel_->Close();
    changed_.NotifyOne();
  }
  thread_.join();
}

bool PeerLink::stopping() const {
  base::MutexLock lock(mutex_);
  return stopping_;
}

void PeerLink::Run() {
  // Without a secret no server proves anything.
  if (store_.peer_secret().empty()) return;
  while (!stopping()) {
    if (const auto owner = store_.owner_elsewhere(); owner.has_value()) Follow(*owner);
    base::MutexLock lock(mutex_);
    if (!stopping_) changed_.WaitUntil(mutex_, base::Clock::Real().Now() + kLookEvery);
  }
}

void PeerLink::Follow(const store::Member& owner) {
  http::ClientOptions options{.timeout = kTimeout};
  if (identity_) options.identity = identity_();
  const std::string& url = owner.client_urls.front();
  http::Client client(url, std::move(options));
  auto dialled = client.Upgrade(PeerHost::kPath, PeerHost::kProtocol);
  if (!dialled.ok()) return;
  const std::shared_ptr<http::Channel> channel = *std::move(dialled);
  {
    base::MutexLock lock(mutex_);
    if (stopping_) return;
    channel_ = channel;
  }
  Handshake handshake(store_.peer_secret(), *channel);
  channel->Start({.on_frame =
                      [&](std::string_view frame) {
                        if (store_.leader_id() != owner.id) return false;
                        if (handshake.done()) return store_.relay().Hear(frame);
                        if (!handshake.Take(frame)) return false;
                        if (!handshake.done()) return true;
                        store_.relay().Linked(
                            {.send = [channel](std::string out) { channel->Send(std::move(out)); },
                             .close = [channel] { channel->Close(); }});
                        base::Log(base::Level::kDebug, "linked to the owner", {{"url", url}});
                        return true;
                      },
                  .on_end = [] {}});
  client.Run();
  store_.relay().Lost();
  base::MutexLock lock(mutex_);
  channel_.reset();
}

}  // namespace kvshim::etcd
