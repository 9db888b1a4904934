// Members: the servers on one shared database, this one among them, and which of them owns the
// maintenance: ending leases, compacting by time, deleting compacted rows.
//
// Every second this server says that it lives and how far its memory goes, and reads the same of
// the others. A server whose beat stands still for five seconds of this server's own clock counts
// as gone; at once where it had this server's name and addresses, which then are its successor's.
// Where the owner is gone this server takes over, by compare-and-set on what it saw, so that one
// challenger wins. No wall clock is compared with another's.
//
// A successor need not give leases more time: every server reads the keepalive counters every
// second, so that its own deadlines are never earlier than the owner's would be. Only one that
// could not read for a while gives every lease its full time again.
//
// Owning is about who does the work, not about safety: each act of an owner holds by itself, also
// one that comes late from an owner that has been replaced. A compaction is a batch of the chain, a
// lease ends only if its keepalive counter has not moved, and rows are deleted only below a floor
// that a batch has raised.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "lease/lessor.h"
#include "sql/shared_database.h"
#include "store/replica.h"

namespace kvshim::store {

class Members {
 public:
  struct Self {
    int64_t id = 0;
    std::string name;
  };

  // `on_owner` is called, on the members' thread, when this server has become the owner.
  Members(sql::SharedDatabase& database, const Replica& replica, lease::Lessor& lessor, Self self,
          std::function<void()> on_owner);
  ~Members() { Stop(); }

  // The first beat, before anything else is asked of it.
  absl::Status Start();

  // Where clients reach this server.
  void SetUrls(const std::string& urls);

  // Whether any other server lives.
  bool has_others() const { return others() > 0; }
  // How many others live.
  size_t others() const { return others_.load(std::memory_order_relaxed); }
  // How long ago all went well with the database.
  base::Duration silence() const;
  // The servers that live, ascending by id.
  std::vector<sql::ServerRecord> live() const;
  // Whether this one's beat was seen to move: it lives on this database, and is not a row that came
  // with a copy of it.
  bool HasBeaten(int64_t id) const;
  // The owner's id; 0: nobody yet.
  int64_t owner() const { return owner_id_.load(); }
  // Whether this server is the owner, and knew so a moment ago.
  bool IsOwner() const;
  // The seq that the memory of every live server has come to, at least.
  int64_t applied_everywhere() const;

  // Makes a live server the owner. mvcc::NotLeader where this server is not the owner,
  // mvcc::BadLeaderTransferee where there is no live one of that id.
  absl::Status MoveOwner(int64_t to);

  // Gives up owning and leaves the others' list.
  void Stop();

 private:
  // What is known of another server's beats.
  struct Pulse {
    int64_t first_beat = 0;  // when it was first seen
    int64_t beat = 0;
    base::TimePoint moved;  // when it was seen to move
  };

  void Run();
  absl::Status Tick();
  void Note(const sql::Membership& members, base::TimePoint now) REQUIRES(mutex_);
  bool Lives(const sql::ServerRecord& server, base::TimePoint now) const REQUIRES(mutex_);
  absl::Status Own(base::TimePoint now);
  absl::Status ReadRenewals();

  sql::SharedDatabase& database_;
  const Replica& replica_;
  lease::Lessor& lessor_;
  const Self self_;
  const std::function<void()> on_owner_;

  std::atomic<int64_t> owner_id_{0};
  std::atomic<size_t> others_{0};
  bool owning_ = false;     // of the members' thread: this server knows that it is the owner
  bool took_over_ = false;  // the same: on_owner_ is to be called

  mutable base::Mutex mutex_;
  base::Condition changed_;
  std::string urls_ GUARDED_BY(mutex_);
  int64_t beat_ GUARDED_BY(mutex_) = 0;
  base::TimePoint ticked_ GUARDED_BY(mutex_);  // the last time that all went well
  std::vector<sql::ServerRecord> servers_ GUARDED_BY(mutex_);
  absl::flat_hash_map<int64_t, Pulse> pulses_ GUARDED_BY(mutex_);
  sql::OwnerRecord owner_ GUARDED_BY(mutex_);
  bool hurry_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
