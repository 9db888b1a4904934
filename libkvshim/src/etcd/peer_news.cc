#include "etcd/peer_news.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace kvshim::etcd {
namespace {

constexpr std::chrono::milliseconds kTimeout{300};
constexpr std::chrono::seconds kSilence{5};  // for a peer that did not answer
constexpr std::chrono::seconds kRefreshEvery{1};
constexpr std::chrono::seconds kTellEvery{1};
constexpr std::chrono::milliseconds kAskEvery{100};
constexpr std::chrono::seconds kForget{30};  // a peer that is not in the table and does not answer

}  // namespace

PeerNews::PeerNews(store::Engine& store, http::IdentitySource identity)
    : store_(store), identity_(std::move(identity)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-peers");
}

PeerNews::~PeerNews() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  thread_.join();
}

void PeerNews::Announce(int64_t sequence) {
  base::MutexLock lock(mutex_);
  if (sequence <= newest_) return;
  newest_ = sequence;
  changed_.NotifyOne();
}

void PeerNews::Ask() {
  base::MutexLock lock(mutex_);
  asking_ = true;
  changed_.NotifyOne();
}

void PeerNews::Run() {
  int64_t told = 0;
  base::TimePoint next;
  base::TimePoint ask_at;
  while (true) {
    bool asked;
    {
      base::MutexLock lock(mutex_);
      while (newest_ <= told && !stopping_) {
        const base::TimePoint until = asking_ ? std::min(next, ask_at) : next;
        if (base::Clock::Real().Now() >= until) break;
        changed_.WaitUntil(mutex_, until);
      }
      if (stopping_) return;
      told = newest_;
      asked = std::exchange(asking_, false);
    }
    if (asked) {
      // Who was silent may be who has the answer.
      for (auto& [url, peer] : peers_) peer.silent_until = {};
    }
    Tell();
    const base::TimePoint now = base::Clock::Real().Now();
    next = now + kTellEvery;
    ask_at = now + kAskEvery;
  }
}

void PeerNews::Refresh(base::TimePoint now) {
  std::map<std::string, Peer> peers;
  for (const store::Member& member : store_.members()) {
    if (member.id == store_.member_id() || member.client_urls.empty()) continue;
    const std::string& url = member.client_urls.front();
    Peer peer;
    if (const auto known = peers_.find(url); known != peers_.end()) {
      peer = std::move(known->second);
      peers_.erase(known);
    } else {
      http::ClientOptions options{.timeout = kTimeout};
      if (identity_) options.identity = identity_();
      peer.client = std::make_unique<http::Client>(url, std::move(options));
    }
    peer.has_beaten = peer.has_beaten || member.has_beaten;
    peers.emplace(url, std::move(peer));
  }
  for (auto& [url, peer] : peers_) {
    if (peer.has_beaten && now - peer.answered < kForget) peers.emplace(url, std::move(peer));
  }
  peers_ = std::move(peers);
}

void PeerNews::Tell() {
  const base::TimePoint now = base::Clock::Real().Now();
  if (now >= refresh_at_) {
    Refresh(now);
    refresh_at_ = now + kRefreshEvery;
  }
  for (auto& [url, peer] : peers_) {
    if (now >= peer.silent_until) Tell(url, peer);
  }
}

void PeerNews::Tell(const std::string& url, Peer& peer) {
  const auto answer = peer.client->Get(base::Concat(kPath, "?", store::TextOf(store_.claim())));
  const base::TimePoint now = base::Clock::Real().Now();
  if (!answer.ok()) {
    peer.silent_until = now + kSilence;
    return;
  }
  const std::optional<store::Claim> claim = store::ReadClaim(*answer);
  // An older release answers nothing.
  if (!claim.has_value() || claim->cluster_id != store_.cluster_id()) return;
  peer.answered = now;
  if (peer.has_beaten) store_.Hear(url, *claim);
}

}  // namespace kvshim::etcd
