#include "unit/etcd/generated_decoder.h"

#include <sstream>
#include <variant>

namespace kvshim::etcd {
namespace {

Compare DecodeCompare(etcdserverpb::Compare& compare) {
  Compare out;
  out.result = static_cast<CompareResult>(compare.result());
  out.target = static_cast<CompareTarget>(compare.target());
  out.key = std::move(*compare.mutable_key());
  out.range_end = std::move(*compare.mutable_range_end());
  // The operand counts only where it is of the target's kind; etcd takes any other for none.
  switch (compare.target()) {
    case etcdserverpb::Compare::VERSION:
      out.has_operand = compare.has_version();
      out.number = compare.version();
      break;
    case etcdserverpb::Compare::CREATE:
      out.has_operand = compare.has_create_revision();
      out.number = compare.create_revision();
      break;
    case etcdserverpb::Compare::MOD:
      out.has_operand = compare.has_mod_revision();
      out.number = compare.mod_revision();
      break;
    case etcdserverpb::Compare::VALUE:
      out.has_operand = compare.has_value();
      if (out.has_operand) out.value = std::move(*compare.mutable_value());
      break;
    case etcdserverpb::Compare::LEASE:
      out.has_operand = compare.has_lease();
      out.number = compare.lease();
      break;
    default:
      break;
  }
  return out;
}

RequestOp DecodeOp(etcdserverpb::RequestOp& op) {
  switch (op.request_case()) {
    case etcdserverpb::RequestOp::kRequestRange:
      return Decode(*op.mutable_request_range());
    case etcdserverpb::RequestOp::kRequestPut:
      return Decode(*op.mutable_request_put());
    case etcdserverpb::RequestOp::kRequestDeleteRange:
      return Decode(*op.mutable_request_delete_range());
    case etcdserverpb::RequestOp::kRequestTxn:
      return std::make_unique<TxnRequest>(Decode(*op.mutable_request_txn()));
    case etcdserverpb::RequestOp::REQUEST_NOT_SET:
      break;
  }
  return std::monostate();
}

}  // namespace

RangeRequest Decode(etcdserverpb::RangeRequest& request) {
  RangeRequest out;
  out.key = std::move(*request.mutable_key());
  out.range_end = std::move(*request.mutable_range_end());
  out.limit = request.limit();
  out.revision = request.revision();
  out.sort_order = static_cast<SortOrder>(request.sort_order());
  out.sort_target = static_cast<SortTarget>(request.sort_target());
  out.serializable = request.serializable();
  out.keys_only = request.keys_only();
  out.count_only = request.count_only();
  out.min_mod_revision = request.min_mod_revision();
  out.max_mod_revision = request.max_mod_revision();
  out.min_create_revision = request.min_create_revision();
  out.max_create_revision = request.max_create_revision();
  return out;
}

PutRequest Decode(etcdserverpb::PutRequest& request) {
  PutRequest out;
  out.key = std::move(*request.mutable_key());
  out.value = std::move(*request.mutable_value());
  out.lease = LeaseId{request.lease()};
  out.prev_kv = request.prev_kv();
  out.ignore_value = request.ignore_value();
  out.ignore_lease = request.ignore_lease();
  return out;
}

DeleteRangeRequest Decode(etcdserverpb::DeleteRangeRequest& request) {
  DeleteRangeRequest out;
  out.key = std::move(*request.mutable_key());
  out.range_end = std::move(*request.mutable_range_end());
  out.prev_kv = request.prev_kv();
  return out;
}

TxnRequest Decode(etcdserverpb::TxnRequest& request) {
  TxnRequest out;
  out.compare.reserve(request.compare_size());
  for (auto& compare : *request.mutable_compare()) out.compare.push_back(DecodeCompare(compare));
  out.success.reserve(request.success_size());
  for (auto& op : *request.mutable_success()) out.success.push_back(DecodeOp(op));
  out.failure.reserve(request.failure_size());
  for (auto& op : *request.mutable_failure()) out.failure.push_back(DecodeOp(op));
  return out;
}

std::string Describe(const RangeRequest& r) {
  std::ostringstream out;
  out << "range " << r.key << '|' << r.range_end << '|' << r.limit << ' ' << r.revision << ' '
      << static_cast<int>(r.sort_order) << ' ' << static_cast<int>(r.sort_target) << ' '
      << r.serializable << r.keys_only << r.count_only << ' ' << r.min_mod_revision << ' '
      << r.max_mod_revision << ' ' << r.min_create_revision << ' ' << r.max_create_revision;
  return out.str();
}

std::string Describe(const PutRequest& r) {
  std::ostringstream out;
  out << "put " << r.key << '|' << r.value << '|' << static_cast<int64_t>(r.lease) << ' '
      << r.prev_kv << r.ignore_value << r.ignore_lease;
  return out.str();
}

std::string Describe(const DeleteRangeRequest& r) {
  std::ostringstream out;
  out << "delete " << r.key << '|' << r.range_end << '|' << r.prev_kv;
  return out.str();
}

std::string Describe(const TxnRequest& r) {
  std::ostringstream out;
  for (const Compare& c : r.compare) {
    out << "if " << c.key << '|' << c.range_end << '|' << static_cast<int>(c.result) << ' '
        << static_cast<int>(c.target) << ' ' << c.has_operand << ' ' << c.number << ' ' << c.value
        << "; ";
  }
  for (const auto* ops : {&r.success, &r.failure}) {
    out << "{ ";
    for (const RequestOp& op : *ops) {
      if (const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
        out << "txn " << Describe(**txn);
      } else if (const auto* range = std::get_if<RangeRequest>(&op)) {
        out << Describe(*range);
      } else if (const auto* put = std::get_if<PutRequest>(&op)) {
        out << Describe(*put);
      } else if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) {
        out << Describe(*erase);
      } else {
        out << "nothing";
      }
      out << "; ";
    }
    out << "} ";
  }
  return out.str();
}

}  // namespace kvshim::etcd
