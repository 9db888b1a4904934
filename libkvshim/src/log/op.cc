#include "log/op.h"

#include "base/strings.h"
#include "log/encoding.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

// Never reused: old batches carry them.
enum Tag : char { kLeaseGrant = 1, kLeaseRevoke = 2, kSetAlarm = 3, kClearAlarm = 4 };

constexpr size_t kGrantBytes = 16;
constexpr size_t kRevokeBytes = 8;
constexpr size_t kAlarmBytes = 12;

void PutHeader(std::string& out, Tag tag, size_t size) {
  out.push_back(tag);
  out.push_back(static_cast<char>(size));
}

struct Encoder {
  std::string& out;

  void operator()(const LeaseGrant& op) const {
    PutHeader(out, kLeaseGrant, kGrantBytes);
    AppendFixed64(out, static_cast<uint64_t>(op.id));
    AppendFixed64(out, static_cast<uint64_t>(op.ttl));
  }
  void operator()(const LeaseRevoke& op) const {
    PutHeader(out, kLeaseRevoke, kRevokeBytes);
    AppendFixed64(out, static_cast<uint64_t>(op.id));
  }
  void operator()(const SetAlarm& op) const { PutAlarm(kSetAlarm, op.member_id, op.type); }
  void operator()(const ClearAlarm& op) const { PutAlarm(kClearAlarm, op.member_id, op.type); }

  void PutAlarm(Tag tag, uint64_t member_id, int32_t type) const {
    PutHeader(out, tag, kAlarmBytes);
    AppendFixed64(out, member_id);
    AppendFixed32(out, static_cast<uint32_t>(type));
  }
};

absl::Status Damaged(std::string_view why) {
  return sql::MakeError(sql::ErrorKind::kCorrupt, base::Concat("the ops of a batch ", why));
}

absl::StatusOr<Op> DecodeOp(char tag, std::string_view body) {
  if (tag == kLeaseGrant && body.size() == kGrantBytes) {
    return LeaseGrant{LeaseId{static_cast<int64_t>(Fixed64(body))},
                      static_cast<int64_t>(Fixed64(body.substr(8)))};
  }
  if (tag == kLeaseRevoke && body.size() == kRevokeBytes) {
    return LeaseRevoke{LeaseId{static_cast<int64_t>(Fixed64(body))}};
  }
  if (body.size() == kAlarmBytes) {
    const uint64_t member = Fixed64(body);
    const auto type = static_cast<int32_t>(Fixed32(body.substr(8)));
    if (tag == kSetAlarm) return SetAlarm{member, type};
    if (tag == kClearAlarm) return ClearAlarm{member, type};
  }
  return Damaged(
      base::Concat("have the unknown kind ", static_cast<int>(tag), " of ", body.size(), " bytes"));
}

}  // namespace

std::string EncodeOps(std::span<const Op> ops) {
  std::string out;
  for (const Op& op : ops) std::visit(Encoder{out}, op);
  return out;
}

absl::StatusOr<std::vector<Op>> DecodeOps(std::string_view bytes) {
  std::vector<Op> ops;
  while (!bytes.empty()) {
    if (bytes.size() < 2) return Damaged("end within a header");
    const auto size = static_cast<size_t>(static_cast<unsigned char>(bytes[1]));
    if (bytes.size() < 2 + size) return Damaged("end within an op");
    absl::StatusOr<Op> op = DecodeOp(bytes[0], bytes.substr(2, size));
    if (!op.ok()) return op.status();
    ops.push_back(*std::move(op));
    bytes.remove_prefix(2 + size);
  }
  return ops;
}

}  // namespace kvshim::log
