// PeerNews: tells the other servers on the database, over HTTP, that there is something to read.
//
// A hint is a number, the newest batch's, and nothing of it is believed: who hears it reads the
// database now instead of at its next look. So it needs no trust, and one that is lost costs time
// only. Those that come while one is being sent are sent as one.
//
// Thread safety: Announce from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/client.h"
#include "rpc/tls_credentials.h"
#include "store/engine.h"

namespace kvshim::etcd {

class PeerNews {
 public:
  // The page that hears the hints of others.
  static constexpr char kPath[] = "/kvshim/news";

  // `identity`: what this server's listener shows, for peers that ask for a certificate; may be
  // null.
  PeerNews(store::Engine& store, rpc::TlsSource identity);
  ~PeerNews();

  void Announce(int64_t sequence);

 private:
  struct Peer {
    std::unique_ptr<http::Client> client;
    base::TimePoint silent_until;  // it did not answer
  };

  void Run();
  void Tell(int64_t sequence);
  // The peers as the member table has them, by URL.
  void Refresh();

  store::Engine& store_;
  const rpc::TlsSource identity_;
  std::map<std::string, Peer> peers_;  // of the thread
  base::TimePoint refresh_at_;         // the same

  base::Mutex mutex_;
  base::Condition changed_;
  int64_t newest_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::etcd
