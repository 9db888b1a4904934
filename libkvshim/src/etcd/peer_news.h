// PeerNews: the servers on the database tell each other, over HTTP, what the newest batch is that
// each holds: at once when there is one, and every second.
//
// What comes in by itself is a hint, of which nothing is believed: who hears it reads the database
// now instead of at its next look, or asks the other servers. One that is lost costs time only.
// Those that come while one is being sent are sent as one.
//
// The answer to a hint is what the asked server holds. That is a claim, which store/doubt.h weighs,
// where the server was seen living on this one's own database. Such a server is asked also when it
// has left the member table, as long as it answers: it may have gone to another database, and that
// is what must be noticed.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/client.h"
#include "http/tls_identity.h"
#include "store/engine.h"

namespace kvshim::etcd {

class PeerNews {
 public:
  // The page that hears the hints of others.
  static constexpr char kPath[] = "/kvshim/news";

  // `identity`: what this server's listener shows, for peers that ask for a certificate; may be
  // null.
  PeerNews(store::Engine& store, http::IdentitySource identity);
  ~PeerNews();

  // There is a batch to tell of.
  void Announce(int64_t sequence);
  // There is reason to ask, also those that were silent.
  void Ask();

 private:
  struct Peer {
    std::unique_ptr<http::Client> client;
    base::TimePoint silent_until;  // it did not answer
    base::TimePoint answered;
    bool has_beaten = false;
  };

  void Run();
  // Tells every peer, and hears what it answers.
  void Tell();
  void Tell(const std::string& url, Peer& peer);
  // The peers as the member table has them, by URL, and those that have left it and answer.
  void Refresh(base::TimePoint now);

  store::Engine& store_;
  const http::IdentitySource identity_;
  std::map<std::string, Peer> peers_;  // of the thread
  base::TimePoint refresh_at_;         // the same

  base::Mutex mutex_;
  base::Condition changed_;
  int64_t newest_ GUARDED_BY(mutex_) = 0;
  bool asking_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::etcd
