// What ServerDatabase holds beside the log: keepalives, the servers, the owner.
#include <algorithm>
#include <vector>

#include "base/status.h"
#include "sql/mysql/server_database.h"

namespace kvshim::sql::mysql {

absl::Status ServerDatabase::RenewLeases(std::span<const int64_t> ids,
                                         const std::function<void(const LeaseRecord&)>& visit) {
  if (ids.empty()) return absl::OkStatus();
  // Ordered, so that two servers that renew the same leases cannot lock each other out.
  std::vector<int64_t> ordered(ids.begin(), ids.end());
  std::ranges::sort(ordered);
  return readers_.With([&](Connection& connection) -> absl::Status {
    // Each is a transaction of its own: what is read afterwards is durable.
    ASSIGN_OR_RETURN(
        std::vector<Result> results,
        connection.Run(Statement(256 + 44 * ordered.size())
                           .Text("UPDATE kv_lease SET renew = renew + 1 WHERE id IN (")
                           .Ints(ordered)
                           .Text("); SELECT id, ttl, renew FROM kv_lease WHERE id IN (")
                           .Ints(ordered)
                           .Text(")")));
    while (const std::optional<Row> row = results[1].Next()) {
      visit({.id = row->Int(0), .ttl = row->Int(1), .renew = row->Int(2)});
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<Membership> ServerDatabase::Beat(const ServerRecord& self) {
  return readers_.With([&](Connection& connection) -> absl::StatusOr<Membership> {
    Statement script(512 + 2 * self.urls.size());
    script.Text("REPLACE INTO kv_server (id, name, urls, applied_seq, beat) VALUES (")
        .Int(self.id)
        .Text(", ")
        .Bytes(self.name)
        .Text(", ")
        .Bytes(self.urls)
        .Text(", ")
        .Int(self.applied_seq)
        .Text(", ")
        .Int(self.beat)
        .Text(
            "); SELECT id, name, urls, applied_seq, beat FROM kv_server ORDER BY id; "
            "SELECT server, term, beat FROM kv_owner WHERE id = 1");
    ASSIGN_OR_RETURN(std::vector<Result> results, connection.Run(script));
    Membership members;
    while (const std::optional<Row> row = results[1].Next()) {
      members.servers.push_back({.id = row->Int(0),
                                 .name = std::string(row->Bytes(1)),
                                 .urls = std::string(row->Bytes(2)),
                                 .applied_seq = row->Int(3),
                                 .beat = row->Int(4)});
    }
    if (const std::optional<Row> row = results[2].Next()) {
      members.owner = {.server = row->Int(0), .term = row->Int(1), .beat = row->Int(2)};
    }
    return members;
  });
}

absl::StatusOr<bool> ServerDatabase::ReplaceOwner(const OwnerRecord& seen,
                                                  const OwnerRecord& next) {
  return readers_.With([&](Connection& connection) -> absl::StatusOr<bool> {
    // Counted is what was found, also where it is replaced by the same.
    ASSIGN_OR_RETURN(const Result replaced,
                     connection.Execute(Statement()
                                            .Text("UPDATE kv_owner SET server = ")
                                            .Int(next.server)
                                            .Text(", term = ")
                                            .Int(next.term)
                                            .Text(", beat = ")
                                            .Int(next.beat)
                                            .Text(" WHERE id = 1 AND server = ")
                                            .Int(seen.server)
                                            .Text(" AND term = ")
                                            .Int(seen.term)
                                            .Text(" AND beat = ")
                                            .Int(seen.beat)));
    return replaced.affected() == 1;
  });
}

absl::Status ServerDatabase::RemoveServer(int64_t id, int64_t beat) {
  return readers_.With([&](Connection& connection) {
    return connection
        .Execute(Statement()
                     .Text("DELETE FROM kv_server WHERE id = ")
                     .Int(id)
                     .Text(" AND beat = ")
                     .Int(beat))
        .status();
  });
}

}  // namespace kvshim::sql::mysql
