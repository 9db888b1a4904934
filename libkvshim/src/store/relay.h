// Relay: where many servers write at once, they have the owner commit what all of them write.
//
// Every server can append, and does while it meets nobody. Servers that write at the same time
// conflict: one batch is appended, the others are evaluated again. Taking turns in the database
// ends that, but each turn costs what a commit costs and carries only what one server's clients
// sent:
//
//   turns                                       relayed
//   A commits 20 | B reads, commits 20 | C …    A commits 60 | A commits 60 | …
//
// So a server that was not first sends its writes over its link to the owner for a while, which
// takes them as if they were its own clients' and commits them with its own. What it commits it
// sends back as the whole batch, so that the others need not read it. It sends the batch while the
// database is at it, and one short word when it is durable: only that makes it count.
//
//   owner      evaluates 7 | INSERT 7 … COMMIT … done     | evaluates 8
//   follower               |  is sent 7, verifies it | 7!  applies 7, answers
//
// What holds, and why:
//   an acknowledged write is never lost     the owner answers after its commit
//   an answer is not ahead of this server   it is passed on once memory holds its revision: a
//                                           client finds its write in every read that follows
//   a write happens once                    it is evaluated here again only if it was never sent
//   nothing counts that may be lost         a batch is passed on once the owner has said that this
//                                           very batch is durable; until then nothing here shows
//                                           it, and it is forgotten with the link or the next one
// Where the link breaks with writes under way nobody here can tell what became of them: their
// clients are told what etcd's are when its leader dies. The owner is alive and silent for a
// second: the same. Without a link there are turns (committer.h).
//
// A server goes back to appending once it was alone for a second: the owner's batches had no more
// writes than it asked for. If that was too early a conflict tells it soon.
//
// Thread safety: Linked, Hear and Lost are called by the link's thread; everything else by the
// committer's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "log/succession.h"
#include "store/peer_frames.h"
#include "store/proposal.h"

namespace kvshim::store {

class Relay {
 public:
  using Proposals = std::vector<std::unique_ptr<Proposal>>;

  // A link to the owner: sends a frame, ends. Neither is called after Lost; both return at once and
  // call nothing of this class.
  struct Link {
    std::function<void(std::string frame)> send;
    std::function<void()> close;
  };

  // What the owner has told.
  struct Word {
    std::optional<PeerBatch> batch;  // is durable
    int64_t news = 0;                // the seq of one that is, and was not sent over this link
    std::optional<AnswersHead> answered;
    uint64_t lost = 0;    // this link: nothing more comes of it
    Proposals proposals;  // those answered, or lost with the link
  };

  // `wake` is called when there is a word.
  Relay(std::function<void()> wake, base::MetricsRegistry& metrics);

  void Linked(Link link) EXCLUDES(mutex_);
  // False where the link is to end: the frame cannot be read, or it comes after a long silence.
  bool Hear(std::string_view frame) EXCLUDES(mutex_);
  void Lost() EXCLUDES(mutex_);

  // Another server's commit came before one of this server's.
  void Met(base::TimePoint now);
  // Whether writes go to the owner at present.
  bool Takes(base::TimePoint now) EXCLUDES(mutex_);
  // Sends those of `pending` that another server can do, and takes them out.
  void Send(std::deque<std::unique_ptr<Proposal>>& pending) EXCLUDES(mutex_);

  // What was told since the last time, in its order.
  std::vector<Word> TakeWords() EXCLUDES(mutex_);
  // Those that were sent and were queued before `too_old`.
  Proposals TakeLate(base::TimePoint too_old);
  Proposals TakeAll();

  // When the owner counts as dead, if it says nothing until then; nullopt: nothing is expected.
  std::optional<base::TimePoint> deadline() const EXCLUDES(mutex_);
  // Ends the link where that time has come.
  void CheckAlive(base::TimePoint now) EXCLUDES(mutex_);

 private:
  struct Sent {
    uint64_t link = 0;
    Proposals proposals;
  };
  // Takes the proposals out that `wanted` says.
  Proposals Take(const std::function<bool(const Sent&)>& wanted);

  static constexpr std::chrono::seconds kLasts{1};
  static constexpr std::chrono::seconds kSilence{1};

  // Ends what is expected of the link.
  void Drop() EXCLUDES(mutex_);

  const std::function<void()> wake_;
  base::Counter& relayed_;

  // Of the link's thread.
  std::optional<PeerBatch> proposed_;  // being committed
  std::optional<log::Head> told_;      // the newest of this link that is durable
  log::Succession succession_;

  // Of the committer's thread.
  base::TimePoint until_{};  // writes are relayed; 0: they are not
  int64_t revision_ = 0;     // of the newest batch that came over a link
  int64_t revisions_ = 0;    // since writes are relayed, or it was last looked at: how far it went
  int64_t answers_ = 0;      // the same: those that were for this server
  uint64_t next_id_ = 1;
  absl::flat_hash_map<uint64_t, Sent> sent_;

  mutable base::Mutex mutex_;
  std::optional<Link> link_ GUARDED_BY(mutex_);
  uint64_t link_number_ GUARDED_BY(mutex_) = 0;  // of that link, or the last
  bool takes_more_ GUARDED_BY(mutex_) = false;
  base::TimePoint heard_at_ GUARDED_BY(mutex_);
  struct Arrival {  // a word as it came in
    Word word;
    std::string answers;  // the frame after its head
  };
  std::vector<Arrival> arrivals_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::store
