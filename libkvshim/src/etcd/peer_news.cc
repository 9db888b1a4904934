#include "etcd/peer_news.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace kvshim::etcd {
namespace {

constexpr std::chrono::milliseconds kTimeout{300};
constexpr std::chrono::seconds kSilence{5};  // for a peer that did not answer
constexpr std::chrono::seconds kRefreshEvery{1};

}  // namespace

PeerNews::PeerNews(store::Engine& store, rpc::TlsSource identity)
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

void PeerNews::Run() {
  int64_t told = 0;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      while (newest_ <= told && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      told = newest_;
    }
    Tell(told);
  }
}

void PeerNews::Refresh() {
  std::map<std::string, Peer> peers;
  for (const store::Member& member : store_.members()) {
    if (member.id == store_.member_id() || member.client_urls.empty()) continue;
    const std::string& url = member.client_urls.front();
    const auto known = peers_.find(url);
    if (known != peers_.end()) {
      peers.emplace(url, std::move(known->second));
      continue;
    }
    http::ClientOptions options{.timeout = kTimeout};
    if (identity_) options.identity = identity_();
    peers.emplace(url, Peer{std::make_unique<http::Client>(url, std::move(options)), {}});
  }
  peers_ = std::move(peers);
}

void PeerNews::Tell(int64_t sequence) {
  const base::TimePoint now = base::Clock::Real().Now();
  if (now >= refresh_at_) {
    Refresh();
    refresh_at_ = now + kRefreshEvery;
  }
  const std::string target = base::Concat(kPath, "?seq=", sequence);
  for (auto& [url, peer] : peers_) {
    if (now < peer.silent_until) continue;
    if (!peer.client->Get(target).ok()) {
      peer.silent_until = base::Clock::Real().Now() + kSilence;
    }
  }
}

}  // namespace kvshim::etcd
