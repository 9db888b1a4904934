// What ServerDatabase holds beside the log: keepalives, the servers, the owner.
#include <vector>

#include "base/status.h"
#include "sql/postgres/server_database.h"

namespace kvshim::sql::postgres {

absl::Status ServerDatabase::RenewLeases(std::span<const int64_t> ids,
                                         const std::function<void(const LeaseRecord&)>& visit) {
  return readers_.With([&](Connection& connection) -> absl::Status {
    // Ordered, so that two servers that renew the same leases cannot lock each other out.
    ASSIGN_OR_RETURN(
        const Result renewed,
        connection.Execute(
            "WITH due AS (SELECT id FROM kv_lease WHERE id = ANY($1::int8[]) ORDER BY id "
            "FOR UPDATE) UPDATE kv_lease SET renew = renew + 1 FROM due "
            "WHERE kv_lease.id = due.id RETURNING kv_lease.id, ttl, renew",
            Parameters().Int8Array(ids.size(), [&](size_t i) { return ids[i]; })));
    for (int row = 0; row < renewed.rows(); ++row) {
      visit({.id = renewed.Int(row, 0), .ttl = renewed.Int(row, 1), .renew = renewed.Int(row, 2)});
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<Membership> ServerDatabase::Beat(const ServerRecord& self) {
  return readers_.With([&](Connection& connection) -> absl::StatusOr<Membership> {
    std::vector<Command> commands;
    commands.push_back(
        {"INSERT INTO kv_server (id, name, urls, applied_seq, beat) VALUES ($1, $2, $3, $4, $5) "
         "ON CONFLICT (id) DO UPDATE SET name = excluded.name, urls = excluded.urls, "
         "applied_seq = excluded.applied_seq, beat = excluded.beat",
         Parameters()
             .Int8(self.id)
             .Text(self.name)
             .Text(self.urls)
             .Int8(self.applied_seq)
             .Int8(self.beat)});
    commands.push_back({"SELECT id, name, urls, applied_seq, beat FROM kv_server ORDER BY id", {}});
    commands.push_back({"SELECT server, term, beat FROM kv_owner WHERE id = 1", {}});
    ASSIGN_OR_RETURN(const std::vector<Result> results, connection.Run(commands, false));
    Membership members;
    for (int row = 0; row < results[1].rows(); ++row) {
      const Result& servers = results[1];
      members.servers.push_back({.id = servers.Int(row, 0),
                                 .name = std::string(servers.Bytes(row, 1)),
                                 .urls = std::string(servers.Bytes(row, 2)),
                                 .applied_seq = servers.Int(row, 3),
                                 .beat = servers.Int(row, 4)});
    }
    if (results[2].rows() == 1) {
      members.owner = {.server = results[2].Int(0, 0),
                       .term = results[2].Int(0, 1),
                       .beat = results[2].Int(0, 2)};
    }
    return members;
  });
}

absl::StatusOr<bool> ServerDatabase::ReplaceOwner(const OwnerRecord& seen,
                                                  const OwnerRecord& next) {
  return readers_.With([&](Connection& connection) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const Result replaced,
                     connection.Execute("UPDATE kv_owner SET server = $1, term = $2, beat = $3 "
                                        "WHERE id = 1 AND server = $4 AND term = $5 AND beat = $6",
                                        Parameters()
                                            .Int8(next.server)
                                            .Int8(next.term)
                                            .Int8(next.beat)
                                            .Int8(seen.server)
                                            .Int8(seen.term)
                                            .Int8(seen.beat)));
    return replaced.affected() == 1;
  });
}

absl::Status ServerDatabase::RemoveServer(int64_t id, int64_t beat) {
  return readers_.With([&](Connection& connection) {
    return connection
        .Execute("DELETE FROM kv_server WHERE id = $1 AND beat = $2",
                 Parameters().Int8(id).Int8(beat))
        .status();
  });
}

}  // namespace kvshim::sql::postgres
