#include "describe.h"

namespace kvshim::mvcc {
namespace {

std::string Number(int64_t number) { return std::to_string(number); }
std::string Number(LeaseId lease) { return std::to_string(static_cast<int64_t>(lease)); }

std::string DescribeAll(const std::vector<KeyValue>& kvs) {
  std::string text = "[";
  for (const KeyValue& kv : kvs) text += Describe(kv) + "; ";
  return text + "]";
}

std::string DescribeOp(const ResponseOp& op) {
  if (const auto* range = std::get_if<RangeResponse>(&op)) return Describe(*range);
  if (const auto* put = std::get_if<PutResponse>(&op)) return Describe(*put);
  if (const auto* erase = std::get_if<DeleteRangeResponse>(&op)) return Describe(*erase);
  if (const auto* txn = std::get_if<std::unique_ptr<TxnResponse>>(&op)) return Describe(**txn);
  return "nothing";
}

std::string DescribeOp(const RequestOp& op) {
  if (const auto* range = std::get_if<RangeRequest>(&op)) return Describe(*range);
  if (const auto* put = std::get_if<PutRequest>(&op)) return Describe(*put);
  if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) return Describe(*erase);
  if (const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op)) return Describe(**txn);
  return "nothing";
}

std::string DescribeRange(const std::string& key, const std::string& range_end) {
  return Quote(key) + (range_end.empty() ? "" : ".." + Quote(range_end));
}

std::string DescribeCompare(const Compare& compare) {
  static constexpr const char* kTargets[] = {"version", "create", "mod", "value", "lease"};
  static constexpr const char* kResults[] = {"==", ">", "<", "!="};
  return std::string(kTargets[static_cast<int>(compare.target)]) + "(" +
         DescribeRange(compare.key, compare.range_end) + ") " +
         kResults[static_cast<int>(compare.result)] + " " +
         (compare.target == CompareTarget::kValue ? Quote(compare.value) : Number(compare.number));
}

}  // namespace

std::string Quote(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += std::string("\\x") + kDigits[byte >> 4] + kDigits[byte & 15];
    }
  }
  return text + "\"";
}

std::string Describe(const KeyValue& kv) {
  if (!kv) return "none";
  return Quote(kv.key()) + "=" + Quote(kv.value()) + " create " + Number(kv.create_revision()) +
         " mod " + Number(kv.mod_revision()) + "." + Number(kv.sub()) + " version " +
         Number(kv.version()) + " lease " + Number(kv.lease());
}

std::string Describe(const Revision& revision) {
  return Number(revision.main) + "." + Number(revision.sub);
}

std::string Describe(const RangeResponse& response) {
  return "range at " + Number(response.revision) + " count " + Number(response.count) +
         (response.more ? " more " : " ") + DescribeAll(response.kvs);
}

std::string Describe(const PutResponse& response) {
  return "put at " + Number(response.revision) + " previous " + Describe(response.prev_kv);
}

std::string Describe(const DeleteRangeResponse& response) {
  return "deleted " + Number(response.deleted) + " at " + Number(response.revision) + " " +
         DescribeAll(response.prev_kvs);
}

std::string Describe(const TxnResponse& response) {
  std::string text =
      (response.succeeded ? "success at " : "failure at ") + Number(response.revision) + " {";
  for (const ResponseOp& op : response.responses) text += DescribeOp(op) + ", ";
  return text + "}";
}

std::string Describe(const absl::Status& status) {
  return "error " + Number(status.raw_code()) + ": " + std::string(status.message());
}

std::string Describe(const RangeRequest& request) {
  return "range " + DescribeRange(request.key, request.range_end) + " limit " +
         Number(request.limit) + " at " + Number(request.revision) + " order " +
         Number(static_cast<int>(request.sort_order)) + " target " +
         Number(static_cast<int>(request.sort_target)) + (request.keys_only ? " keys_only" : "") +
         (request.count_only ? " count_only" : "") + " mod " + Number(request.min_mod_revision) +
         ".." + Number(request.max_mod_revision) + " create " +
         Number(request.min_create_revision) + ".." + Number(request.max_create_revision);
}

std::string Describe(const PutRequest& request) {
  return "put " + Quote(request.key) + "=" + Quote(request.value) + " lease " +
         Number(request.lease) + (request.prev_kv ? " prev_kv" : "") +
         (request.ignore_value ? " ignore_value" : "") +
         (request.ignore_lease ? " ignore_lease" : "");
}

std::string Describe(const DeleteRangeRequest& request) {
  return "delete " + DescribeRange(request.key, request.range_end) +
         (request.prev_kv ? " prev_kv" : "");
}

std::string Describe(const TxnRequest& request) {
  std::string text = "if ";
  for (const Compare& compare : request.compare) text += DescribeCompare(compare) + ", ";
  text += "then {";
  for (const RequestOp& op : request.success) text += DescribeOp(op) + ", ";
  text += "} else {";
  for (const RequestOp& op : request.failure) text += DescribeOp(op) + ", ";
  return text + "}";
}

}  // namespace kvshim::mvcc
