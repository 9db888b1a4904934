#include "etcd/request_parser.h"

#include <memory>
#include <utility>

#include "etcd/wire_reader.h"

namespace kvshim::etcd {
namespace {

// Transactions within transactions. Protobuf's usual 100 messages are below what etcd takes.
constexpr int kMaxDepth = 1000;

bool ParseTxn(std::string_view bytes, TxnRequest& out, int depth);

// The operand counts only where it is of the target's kind; etcd takes any other for none.
uint32_t OperandField(CompareTarget target) {
  switch (target) {
    case CompareTarget::kVersion:
      return 4;
    case CompareTarget::kCreate:
      return 5;
    case CompareTarget::kMod:
      return 6;
    case CompareTarget::kValue:
      return 7;
    case CompareTarget::kLease:
      return 8;
  }
  return 0;
}

bool ParseCompare(std::string_view bytes, Compare& out) {
  uint32_t operand = 0;
  int64_t number = 0;
  std::string_view value;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.type() == WireReader::kVarint) {
      switch (reader.field()) {
        case 1:
          out.result = static_cast<CompareResult>(reader.int32());
          break;
        case 2:
          out.target = static_cast<CompareTarget>(reader.int32());
          break;
        case 4:
        case 5:
        case 6:
        case 8:
          operand = reader.field();
          number = reader.int64();
          break;
        default:
          break;
      }
    } else if (reader.Is(3, WireReader::kBytes)) {
      out.key = reader.bytes();
    } else if (reader.Is(7, WireReader::kBytes)) {
      operand = 7;
      value = reader.bytes();
    } else if (reader.Is(64, WireReader::kBytes)) {
      out.range_end = reader.bytes();
    }
  }
  const uint32_t wanted = OperandField(out.target);
  if (wanted != 0) out.has_operand = operand == wanted;
  if (operand == wanted && operand == 7) out.value = value;
  if (operand == wanted && operand != 7) out.number = number;
  return reader.ok();
}

// The fields that every request over a range begins with.
template <typename Request>
void ReadRange(const WireReader& reader, Request& out) {
  if (reader.Is(1, WireReader::kBytes)) out.key = reader.bytes();
  if (reader.Is(2, WireReader::kBytes)) out.range_end = reader.bytes();
}

// Of a union the last field counts; one that comes again adds to what it said before.
template <typename Request>
Request& Choose(RequestOp& op) {
  auto* request = std::get_if<Request>(&op);
  return request != nullptr ? *request : op.emplace<Request>();
}

bool ParseOp(std::string_view bytes, RequestOp& out, int depth) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.type() != WireReader::kBytes) continue;
    bool sound = true;
    switch (reader.field()) {
      case 1:
        sound = Parse(reader.bytes(), Choose<RangeRequest>(out));
        break;
      case 2:
        sound = Parse(reader.bytes(), Choose<PutRequest>(out));
        break;
      case 3:
        sound = Parse(reader.bytes(), Choose<DeleteRangeRequest>(out));
        break;
      case 4: {
        auto& txn = Choose<std::unique_ptr<TxnRequest>>(out);
        if (txn == nullptr) txn = std::make_unique<TxnRequest>();
        sound = ParseTxn(reader.bytes(), *txn, depth + 1);
        break;
      }
      default:
        break;
    }
    if (!sound) return false;
  }
  return reader.ok();
}

bool ParseTxn(std::string_view bytes, TxnRequest& out, int depth) {
  if (depth > kMaxDepth) return false;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.type() != WireReader::kBytes) continue;
    bool sound = true;
    switch (reader.field()) {
      case 1:
        sound = ParseCompare(reader.bytes(), out.compare.emplace_back());
        break;
      case 2:
        sound = ParseOp(reader.bytes(), out.success.emplace_back(), depth);
        break;
      case 3:
        sound = ParseOp(reader.bytes(), out.failure.emplace_back(), depth);
        break;
      default:
        break;
    }
    if (!sound) return false;
  }
  return reader.ok();
}

}  // namespace

bool Parse(std::string_view bytes, RangeRequest& out) {
  WireReader reader(bytes);
  while (reader.Next()) {
    ReadRange(reader, out);
    if (reader.type() != WireReader::kVarint) continue;
    switch (reader.field()) {
      case 3:
        out.limit = reader.int64();
        break;
      case 4:
        out.revision = reader.int64();
        break;
      case 5:
        out.sort_order = static_cast<SortOrder>(reader.int32());
        break;
      case 6:
        out.sort_target = static_cast<SortTarget>(reader.int32());
        break;
      case 7:
        out.serializable = reader.boolean();
        break;
      case 8:
        out.keys_only = reader.boolean();
        break;
      case 9:
        out.count_only = reader.boolean();
        break;
      case 10:
        out.min_mod_revision = reader.int64();
        break;
      case 11:
        out.max_mod_revision = reader.int64();
        break;
      case 12:
        out.min_create_revision = reader.int64();
        break;
      case 13:
        out.max_create_revision = reader.int64();
        break;
      default:
        break;
    }
  }
  return reader.ok();
}

bool Parse(std::string_view bytes, PutRequest& out) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.Is(1, WireReader::kBytes)) {
      out.key = reader.bytes();
    } else if (reader.Is(2, WireReader::kBytes)) {
      out.value = reader.bytes();
    } else if (reader.Is(3, WireReader::kVarint)) {
      out.lease = LeaseId{reader.int64()};
    } else if (reader.Is(4, WireReader::kVarint)) {
      out.prev_kv = reader.boolean();
    } else if (reader.Is(5, WireReader::kVarint)) {
      out.ignore_value = reader.boolean();
    } else if (reader.Is(6, WireReader::kVarint)) {
      out.ignore_lease = reader.boolean();
    }
  }
  return reader.ok();
}

bool Parse(std::string_view bytes, DeleteRangeRequest& out) {
  WireReader reader(bytes);
  while (reader.Next()) {
    ReadRange(reader, out);
    if (reader.Is(3, WireReader::kVarint)) out.prev_kv = reader.boolean();
  }
  return reader.ok();
}

bool Parse(std::string_view bytes, TxnRequest& out) { return ParseTxn(bytes, out, 0); }

}  // namespace kvshim::etcd
