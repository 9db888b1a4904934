// Store: the etcd v3 data model over a SQL database, in process.
//
// Thread safety: every method may be called from any thread. Each operation comes in two forms:
// asynchronous with a callback, and a blocking convenience of the same name. A callback runs once,
// on the calling thread (where the answer is in memory) or on a thread of the store; it must not
// block, and may call the store's asynchronous methods.
//
// Guarantees: a write is answered after the database has made it durable; revisions are gapless
// and never reused; reads are linearizable unless `serializable` is asked for; a watch misses
// nothing and repeats nothing.
//
// Errors carry etcd's codes and texts: kInvalidArgument and kFailedPrecondition for the request
// itself, kOutOfRange for compacted or future revisions, kResourceExhausted at the quota,
// kUnavailable while the database is away or the store stops, kDataLoss for corruption.
//
//   auto store = kvshim::Store::Open("sqlite:///var/lib/app/state.db", {});
//   if (!store.ok()) return store.status();
//   auto put = (*store)->Put({.key = "/greeting", .value = "hello"});
//   auto got = (*store)->Range({.key = "/greeting"});
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kvshim/lease.h"
#include "kvshim/options.h"
#include "kvshim/request.h"
#include "kvshim/watch.h"

namespace kvshim {

template <typename T>
using Callback = absl::AnyInvocable<void(absl::StatusOr<T>)>;

enum class AlarmType { kNoSpace = 1, kCorrupt = 2 };

struct Alarm {
  uint64_t member_id = 0;
  AlarmType type = AlarmType::kNoSpace;
  bool operator==(const Alarm&) const = default;
};

// What a store knows of itself at one moment.
struct StoreStatus {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  std::string name;
  int64_t revision = 0;
  int64_t compact_revision = 0;
  uint64_t commit_sequence = 0;  // batches committed; what etcd calls the raft index
  uint64_t term = 0;             // the history's epoch; what etcd calls the raft term
  int64_t database_bytes = 0;
  int64_t database_bytes_in_use = 0;
  int64_t quota_bytes = 0;
  int64_t keys = 0;
  int64_t watchers = 0;
  int64_t slow_watchers = 0;
  int64_t leases = 0;
  double batch_rows_mean = 0;     // rows a commit, over the last minute or so
  double commit_seconds_p50 = 0;  // of the same commits
  double commit_seconds_p99 = 0;
  std::vector<Alarm> alarms;
};

struct HashResult {
  uint32_t hash = 0;
  int64_t revision = 0;       // the store's newest
  int64_t hash_revision = 0;  // the one hashed up to
  int64_t compact_revision = 0;
};

// A running watch. Destroying it cancels it; after the destructor returns no observer call runs.
class Watch {
 public:
  virtual ~Watch() = default;
};

class Store {
 public:
  // Opens or creates the database that `dsn` names: sqlite://PATH, which this process then has
  // alone, or postgres://… and mysql://…, which any number of stores in any processes share as one.
  // Fails with kInvalidArgument for a DSN it cannot read, kFailedPrecondition where another process
  // holds the file or a newer release wrote it, kUnavailable where no server answers,
  // kPermissionDenied, kResourceExhausted, kDataLoss as the message says.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& dsn,
                                                     const StoreOptions& options);

  // A live etcd, or a kvshim that serves: "http://HOST:PORT,https://USER:PASSWORD@HOST:PORT", of
  // which one is spoken to, and another where that fails. The library kvshim_remote has it. Of the
  // options count the database's TLS and time-out, the request's time-out, and periodic compaction,
  // which the store then asks for. A write whose connection breaks off is answered kUnavailable,
  // and may have been done. kUnavailable where none answers.
  static absl::StatusOr<std::unique_ptr<Store>> Connect(const std::string& addresses,
                                                        const StoreOptions& options);

  // Stops taking requests, answers those under way, and closes the database.
  virtual ~Store() = default;

  virtual void Range(RangeRequest request, Callback<RangeResponse> done) = 0;
  virtual void Put(PutRequest request, Callback<PutResponse> done) = 0;
  virtual void DeleteRange(DeleteRangeRequest request, Callback<DeleteRangeResponse> done) = 0;
  virtual void Txn(TxnRequest request, Callback<TxnResponse> done) = 0;
  virtual void Compact(CompactRequest request, Callback<CompactResponse> done) = 0;

  virtual void LeaseGrant(LeaseGrantRequest request, Callback<LeaseGrantResponse> done) = 0;
  virtual void LeaseRevoke(LeaseId id, Callback<LeaseRevokeResponse> done) = 0;
  virtual void LeaseKeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done) = 0;
  virtual void LeaseTimeToLive(LeaseId id, bool keys, Callback<LeaseTimeToLiveResponse> done) = 0;
  virtual void LeaseLeases(Callback<LeaseLeasesResponse> done) = 0;

  // Calls `observer` with every response of the watch, in order, on one thread of the store.
  // The observer must not block. The last response, canceled, says why the watch ended.
  virtual absl::StatusOr<std::unique_ptr<Watch>> StartWatch(
      WatchRequest request, std::function<void(const WatchResponse&)> observer) = 0;

  virtual StoreStatus Status() = 0;

  // CRC-32C over all retained revisions up to `revision` (0: the newest), as etcd's HashKV.
  virtual void Hash(int64_t revision, Callback<HashResult> done) = 0;

  // Gives all free space of the database back to the file system.
  virtual void Defragment(Callback<bool> done) = 0;

  virtual void SetAlarm(Alarm alarm, Callback<bool> done) = 0;
  virtual void ClearAlarm(Alarm alarm, Callback<bool> done) = 0;  // member 0: of every member

  // Writes a consistent copy of the database in pieces to `sink`, which answers false to stop.
  // Runs on a thread of the store; `sink` may block.
  struct SnapshotPiece {
    std::string_view bytes;
    uint64_t remaining = 0;
  };
  virtual void Snapshot(std::function<bool(const SnapshotPiece&)> sink, Callback<bool> done) = 0;

  // The blocking conveniences. Not to be called from a callback.
  absl::StatusOr<RangeResponse> Range(RangeRequest request);
  absl::StatusOr<PutResponse> Put(PutRequest request);
  absl::StatusOr<DeleteRangeResponse> DeleteRange(DeleteRangeRequest request);
  absl::StatusOr<TxnResponse> Txn(TxnRequest request);
  absl::StatusOr<CompactResponse> Compact(CompactRequest request);
  absl::StatusOr<LeaseGrantResponse> LeaseGrant(LeaseGrantRequest request);
  absl::StatusOr<LeaseRevokeResponse> LeaseRevoke(LeaseId id);
  absl::StatusOr<LeaseKeepAliveResponse> LeaseKeepAlive(LeaseId id);
  absl::StatusOr<LeaseTimeToLiveResponse> LeaseTimeToLive(LeaseId id, bool keys);
};

}  // namespace kvshim
