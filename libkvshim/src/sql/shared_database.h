// SharedDatabase: a Database that many servers write to at once. Beside the log it holds who the
// servers are, which of them owns the maintenance, and the keepalives of leases.
//
// Thread safety: Lock, LockLeases, Append and Unlock are called from one thread at a time; every
// other method from any thread. The callback of Listen runs on a thread of the database.
//
// Every call ends within about DatabaseOptions::timeout, also where the network swallows
// everything. An Append that ended in kAmbiguous has let go of its connection; the caller finds out
// what became of it by reading on from its predecessor, and may append again (log::Log::Resolve).
// Every connection is verified to reach a database that takes writes before it is used.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/database.h"
#include "sql/lineage.h"

namespace kvshim::sql {

// A row of kv_server: a running server.
struct ServerRecord {
  int64_t id = 0;
  std::string name;
  std::string urls;  // where clients reach it, separated by commas
  int64_t applied_seq = 0;
  int64_t beat = 0;  // raised every time it says that it lives
};

// The row of kv_owner: who does what only one server should do. `server` 0: nobody yet.
struct OwnerRecord {
  int64_t server = 0;
  int64_t term = 0;  // raised by every takeover
  int64_t beat = 0;
  bool operator==(const OwnerRecord&) const = default;
};

struct Membership {
  std::vector<ServerRecord> servers;
  OwnerRecord owner;
};

class SharedDatabase : public Database {
 public:
  SharedDatabase* shared() override { return this; }

  // A server keeps its files itself: it has no copy of them to give, and makes room for new rows
  // where old ones were. Only Defragment gives room back.
  absl::Status Snapshot(const std::function<bool(std::string_view, uint64_t)>& /*sink*/) final {
    return absl::UnimplementedError("a database server gives no copy of its files");
  }
  absl::StatusOr<int64_t> Vacuum(int64_t /*max_pages*/) final { return 0; }
  absl::Status Checkpoint() final { return absl::OkStatus(); }

  // Takes the turn: until the next Append has ended, or Unlock, no other server's append commits.
  // What ReadBatches gives afterwards is the newest. kBusy where the turn was not had in time.
  virtual absl::Status Lock() = 0;
  // Gives the turn back unused. Nothing happens where there is none.
  virtual void Unlock() = 0;
  // In the turn: keeps these leases from being renewed until it ends, and tells them as they are.
  virtual absl::Status LockLeases(std::span<const int64_t> ids,
                                  const std::function<void(const LeaseRecord&)>& visit) = 0;

  // The newest that a connection has led to.
  virtual Lineage lineage() { return {}; }
  // From now on no server is used that this one has replaced.
  virtual void RefuseBefore(const Lineage& /*lineage*/) {}

  // Closes all connections: whatever comes next goes through new ones.
  virtual void Disconnect() = 0;

  // Raises the keepalive counter of each lease durably and tells what it is then; a lease that is
  // gone is not told.
  virtual absl::Status RenewLeases(std::span<const int64_t> ids,
                                   const std::function<void(const LeaseRecord&)>& visit) = 0;
  virtual absl::Status ReadLeases(const std::function<void(const LeaseRecord&)>& visit) = 0;

  // Writes `self`, with its beat raised, and reads who else is there.
  virtual absl::StatusOr<Membership> Beat(const ServerRecord& self) = 0;
  // Replaces the owner where it still is what `seen` says. False where it is not.
  virtual absl::StatusOr<bool> ReplaceOwner(const OwnerRecord& seen, const OwnerRecord& next) = 0;
  // Forgets a server, where its beat still is the one given.
  virtual absl::Status RemoveServer(int64_t id, int64_t beat) = 0;

  // From now on `on_news` is called soon after another server's Announce, with what that one said;
  // with INT64_MAX where something may have been missed. Where the database has no way to tell,
  // nothing happens.
  virtual void Listen(std::function<void(int64_t seq)> on_news) = 0;
  // Tells the other servers that there is a batch `seq` to read. Returns at once.
  virtual void Announce(int64_t seq) = 0;
};

}  // namespace kvshim::sql
