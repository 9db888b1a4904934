#include "etcd/peer_host.h"

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "etcd/peer_proof.h"
#include "store/peer_frames.h"

namespace kvshim::etcd {

class PeerHost::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(store::Engine& store, std::shared_ptr<Links> links, std::shared_ptr<http::Channel> channel)
      : store_(store), links_(std::move(links)), channel_(std::move(channel)) {}

  void Start() {
    // The list of links is all that keeps this one: it must not outlive the channel's thread.
    channel_->Start({.on_frame =
                         [weak = weak_from_this()](std::string_view frame) {
                           const auto self = weak.lock();
                           return self != nullptr && self->Take(frame);
                         },
                     .on_end =
                         [weak = weak_from_this()] {
                           if (const auto self = weak.lock(); self != nullptr) self->Leave();
                         }});
  }

  void Send(std::string frame) { channel_->Send(std::move(frame)); }
  void Close() { channel_->Close(); }

 private:
  bool Take(std::string_view frame) {
    if (proven_) return frame.empty() || Serve(frame);
    if (own_hello_.empty()) return Greet(frame);
    if (!IsProof(frame, Proof(PeerRole::kFollower))) {
      base::Log(base::Level::kWarning,
                "a link was refused: who asked for it does not know the database's secret");
      return false;
    }
    proven_ = true;
    return Join();
  }

  bool Greet(std::string_view hello) {
    if (hello.empty()) return true;  // a sign of life
    if (hello.size() != kHelloBytes) return false;
    hello_ = hello;
    own_hello_ = PeerHello();
    if (own_hello_.empty()) return false;
    channel_->Send(own_hello_ + Proof(PeerRole::kOwner));
    return true;
  }

  std::string Proof(PeerRole role) const {
    return PeerProof(role, store_.peer_secret(), channel_->binding(), hello_, own_hello_);
  }

  bool Serve(std::string_view frame) {
    store::PeerReader in(frame);
    store::FrameKind kind{};
    in(kind);
    if (!in.ok() || kind != store::FrameKind::kWrites) return false;
    return store::ServeWrites(store_, in,
                              [links = links_, weak = weak_from_this()](std::string answer) {
                                base::MutexLock lock(links->mutex);
                                if (const auto link = weak.lock(); link != nullptr)
                                  link->Send(std::move(answer));
                              });
  }

  bool Join() {
    base::MutexLock lock(links_->mutex);
    if (links_->closed) return false;
    std::erase(links_->unproven, shared_from_this());
    links_->proven.push_back(shared_from_this());
    return true;
  }

  void Leave() {
    base::MutexLock lock(links_->mutex);
    std::erase(links_->unproven, shared_from_this());
    std::erase(links_->proven, shared_from_this());
    links_->changed.NotifyAll();
  }

  store::Engine& store_;
  const std::shared_ptr<Links> links_;
  const std::shared_ptr<http::Channel> channel_;
  // Of the channel's thread.
  std::string hello_;
  std::string own_hello_;
  bool proven_ = false;
};

PeerHost::PeerHost(store::Engine& store) : store_(store) {
  store_.SetLinks(store::PeerLinks{.count =
                                       [links = links_] {
                                         base::MutexLock lock(links->mutex);
                                         return links->proven.size();
                                       },
                                   .send =
                                       [links = links_](std::string frame) {
                                         base::MutexLock lock(links->mutex);
                                         for (const auto& link : links->proven) link->Send(frame);
                                       }});
}

PeerHost::~PeerHost() { Drain({}); }

void PeerHost::Take(std::shared_ptr<http::Channel> channel) {
  // Without a secret there is nothing to know each other by.
  if (store_.peer_secret().empty()) return channel->Close();
  auto link = std::make_shared<Link>(store_, links_, std::move(channel));
  {
    base::MutexLock lock(links_->mutex);
    if (links_->closed) return link->Close();
    links_->unproven.push_back(link);
  }
  link->Start();
}

void PeerHost::Drain(std::chrono::milliseconds grace) {
  const base::TimePoint until = base::Clock::Real().Now() + grace;
  {
    base::MutexLock lock(links_->mutex);
    if (std::exchange(links_->closed, true)) return;
    for (const auto& link : links_->proven) {
      link->Send(store::FrameOf(store::FrameKind::kBye));
    }
    // A server that has all its answers ends the link.
    while (!links_->proven.empty() && links_->changed.WaitUntil(links_->mutex, until)) {
    }
    for (auto* list : {&links_->proven, &links_->unproven}) {
      for (const auto& link : *list) link->Close();
      list->clear();
    }
  }
  store_.SetLinks(std::nullopt);
}

}  // namespace kvshim::etcd
