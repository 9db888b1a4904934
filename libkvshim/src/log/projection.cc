#include "log/projection.h"

#include <string>

#include "base/status.h"
#include "base/strings.h"
#include "log/encoding.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

constexpr std::string_view kAlarmPrefix = "alarm/";
constexpr size_t kAlarmBytes = 12;
constexpr std::string_view kClusterId = "cluster_id";
constexpr std::string_view kMemberId = "member_id";
constexpr std::string_view kPeerSecret = "peer_secret";

std::string AlarmName(uint64_t member_id, int32_t type) {
  return base::Concat(kAlarmPrefix, member_id, "/", type);
}

struct Projector {
  sql::Projection operator()(const LeaseGrant& op) const {
    return sql::PutLease{static_cast<int64_t>(op.id), op.ttl};
  }
  sql::Projection operator()(const LeaseRevoke& op) const {
    return sql::DropLease{static_cast<int64_t>(op.id)};
  }
  sql::Projection operator()(const SetAlarm& op) const {
    sql::PutMeta put{.name = AlarmName(op.member_id, op.type)};
    AppendFixed64(put.value, op.member_id);
    AppendFixed32(put.value, static_cast<uint32_t>(op.type));
    return put;
  }
  sql::Projection operator()(const ClearAlarm& op) const {
    return sql::DropMeta{AlarmName(op.member_id, op.type)};
  }
};

sql::PutMeta IdMeta(std::string_view name, uint64_t id) {
  sql::PutMeta put{.name = std::string(name)};
  AppendFixed64(put.value, id);
  return put;
}

absl::StatusOr<uint64_t> ReadId(sql::Database& database, std::string_view name) {
  ASSIGN_OR_RETURN(const std::optional<std::string> value, database.ReadMeta(name));
  if (value.has_value() && value->size() == sizeof(uint64_t)) {
    if (const uint64_t id = Fixed64(*value); id != 0) return id;
  }
  return sql::MakeError(sql::ErrorKind::kCorrupt,
                        base::Concat("database ", database.name(), " is damaged: kv_meta has no ",
                                     name, "; restore a snapshot"));
}

}  // namespace

std::vector<sql::Projection> ProjectOps(std::span<const Op> ops) {
  std::vector<sql::Projection> projections;
  projections.reserve(ops.size());
  for (const Op& op : ops) projections.push_back(std::visit(Projector{}, op));
  return projections;
}

absl::StatusOr<std::optional<SetAlarm>> ParseAlarm(std::string_view name, std::string_view value) {
  if (!name.starts_with(kAlarmPrefix)) return std::nullopt;
  if (value.size() != kAlarmBytes) {
    return sql::MakeError(sql::ErrorKind::kCorrupt,
                          base::Concat("kv_meta ", name, " has ", value.size(), " bytes"));
  }
  return SetAlarm{Fixed64(value), static_cast<int32_t>(Fixed32(value.substr(8)))};
}

std::vector<sql::PutMeta> IdentityMeta(const Identity& identity) {
  return {IdMeta(kClusterId, identity.cluster_id), IdMeta(kMemberId, identity.member_id),
          sql::PutMeta{.name = std::string(kPeerSecret), .value = identity.peer_secret}};
}

absl::StatusOr<Identity> ReadIdentity(sql::Database& database) {
  Identity identity;
  ASSIGN_OR_RETURN(identity.cluster_id, ReadId(database, kClusterId));
  ASSIGN_OR_RETURN(identity.member_id, ReadId(database, kMemberId));
  ASSIGN_OR_RETURN(std::optional<std::string> secret, database.ReadMeta(kPeerSecret));
  identity.peer_secret = std::move(secret).value_or("");
  return identity;
}

}  // namespace kvshim::log
