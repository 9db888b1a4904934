// Lessor: the leases of the store in memory. It knows which exist and when each ends; the caller
// makes changes durable and tells the lessor afterwards. The keys attached to a lease are the
// index's business.
//
// Life of a lease
//   grant      CheckGrant (validates, picks an id) → the caller commits → ApplyGrant
//   keepalive  KeepAlive; or, on a shared database, the caller raises the counter there →
//   ApplyRenewal expiry     TakeExpired marks leases as ending → the caller commits a revoke →
//   ApplyRevoke, or
//              ReturnExpired where the commit failed
//   revoke     the caller commits → ApplyRevoke
// Within one batch that is not yet applied, LeaseBatch (lease_batch.h) sees its own changes.
//
// No wall clock: a deadline is a moment of base::Clock, and a restart gives every lease its full
// time again (Restore). A lease is never ended early.
//
// Expiry order is a binary heap with lazy updates: each lease has one entry; a keepalive moves the
// lease's own deadline only, and the entry is put right when it comes up. A keepalive is O(1). The
// entries of leases that are gone are dropped when they come up, or once they are the majority.
//
// Thread safety: every method may be called from any thread.
//
//   Lessor lessor(clock);
//   ASSIGN_OR_RETURN(LeaseGrant grant, lessor.CheckGrant({.ttl = 60}));
//   ... commit ...
//   lessor.ApplyGrant(grant);
//   lessor.KeepAlive(grant.id).ttl == 60
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kvshim/lease.h"
#include "mvcc/lease_view.h"

namespace kvshim::lease {

inline constexpr int64_t kMinTtl = 2;              // seconds
inline constexpr int64_t kMaxTtl = 9'000'000'000;  // seconds

// A lease as it is stored. `renew` counts keepalives; it only grows.
struct LeaseGrant {
  LeaseId id = kNoLease;
  int64_t ttl = 0;  // seconds, as granted
  int64_t renew = 0;
  bool operator==(const LeaseGrant&) const = default;
};

struct LeaseRenewal {
  LeaseId id = kNoLease;
  int64_t renew = 0;
  bool operator==(const LeaseRenewal&) const = default;
};

enum class KeepAliveResult {
  kRenewed,
  kNotFound,  // answer TTL 0
  // The time is over and a revoke is due or under way. etcd answers only once the keys are gone:
  // keep the request until ApplyRevoke and answer TTL 0 then, or ask again after ExtendAll.
  kEnding,
};

struct KeepAliveOutcome {
  KeepAliveResult result = KeepAliveResult::kNotFound;
  int64_t ttl = 0;    // seconds, as granted, where renewed
  int64_t renew = 0;  // the counter, where renewed
};

struct TimeToLiveOutcome {
  int64_t ttl = -1;  // whole seconds left, 0 where it is ending; -1: there is no such lease
  int64_t granted_ttl = 0;
};

class Lessor : public mvcc::LeaseView {
 public:
  explicit Lessor(base::Clock& clock);
  // With a fixed seed for the random ids, for tests.
  Lessor(base::Clock& clock, uint64_t seed);

  // Replaces everything by what the database holds; each lease gets its full time from now.
  void Restore(const std::vector<LeaseGrant>& leases);

  // What would be granted: the id chosen where none is given, the time raised to the minimum.
  // mvcc::LeaseTtlTooLarge above the maximum, mvcc::LeaseExists where the id is taken. `pending`
  // (may be null) says which ids the batch under way has taken or freed, on top of this table.
  absl::StatusOr<LeaseGrant> CheckGrant(const LeaseGrantRequest& request,
                                        const mvcc::LeaseView* pending = nullptr);

  // After the commit. A grant of an id that exists replaces it.
  void ApplyGrant(const LeaseGrant& grant);
  // False where there was no such lease.
  bool ApplyRevoke(LeaseId id);
  // A counter that another server raised; extends the lease by its full time where it is new.
  void ApplyRenewal(const LeaseRenewal& renewal);

  bool Exists(LeaseId id) const override;
  // The lease as stored, with its counter; id is kNoLease where there is none.
  LeaseGrant Find(LeaseId id) const;

  // Extends the lease by its full time from now and raises its counter.
  KeepAliveOutcome KeepAlive(LeaseId id);
  TimeToLiveOutcome TimeToLive(LeaseId id) const;
  // Every lease, the one that ends first in front.
  std::vector<LeaseId> Leases() const;
  size_t size() const;

  // Leases whose time is over at `now`, at most `limit`, in the order they ended; each is marked as
  // ending and not given again until ReturnExpired. With the counter seen, for the guard of the
  // revoke.
  std::vector<LeaseRenewal> TakeExpired(base::TimePoint now, size_t limit);
  // The revoke could not be committed: the lease is due again at `retry`.
  void ReturnExpired(LeaseId id, base::TimePoint retry);
  // When TakeExpired has something to give, at the earliest; TimePoint::max() where nothing is.
  base::TimePoint next_deadline();

  // Gives every lease its full time from now (a takeover, a frozen database).
  void ExtendAll();

 private:
  struct Lease {
    int64_t ttl = 0;
    int64_t renew = 0;
    base::TimePoint deadline;
    uint64_t entry = 0;   // the heap entry that stands for it; 0: none
    bool ending = false;  // given by TakeExpired
  };
  struct Entry {
    base::TimePoint time;  // when to look at the lease
    LeaseId id;
    uint64_t number;
  };

  static bool Later(const Entry& a, const Entry& b) { return a.time > b.time; }
  // Gives the lease its full time from now.
  void Extend(Lease& lease) REQUIRES(mutex_);
  // Gives the lease its entry, in place of any it has.
  void Push(LeaseId id, Lease& lease, base::TimePoint time) REQUIRES(mutex_);
  // Drops and puts right entries at the front until the first one is true.
  void Settle() REQUIRES(mutex_);
  void DropStaleEntries() REQUIRES(mutex_);
  bool Stands(const Entry& entry) const REQUIRES(mutex_);

  base::Clock& clock_;
  mutable base::Mutex mutex_;
  absl::flat_hash_map<LeaseId, Lease> leases_ GUARDED_BY(mutex_);
  std::vector<Entry> heap_ GUARDED_BY(mutex_);
  uint64_t entries_ GUARDED_BY(mutex_) = 0;  // made so far; numbers them
  std::mt19937_64 random_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::lease
