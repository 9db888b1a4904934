#include "remote/messages.h"

#include <memory>
#include <utility>

namespace kvshim::remote {
namespace {

etcdserverpb::Compare CompareMessage(const Compare& compare) {
  etcdserverpb::Compare message;
  message.set_result(static_cast<etcdserverpb::Compare::CompareResult>(compare.result));
  message.set_target(static_cast<etcdserverpb::Compare::CompareTarget>(compare.target));
  message.set_key(compare.key);
  message.set_range_end(compare.range_end);
  if (!compare.has_operand) return message;
  switch (compare.target) {
    case CompareTarget::kVersion:
      message.set_version(compare.number);
      break;
    case CompareTarget::kCreate:
      message.set_create_revision(compare.number);
      break;
    case CompareTarget::kMod:
      message.set_mod_revision(compare.number);
      break;
    case CompareTarget::kValue:
      message.set_value(compare.value);
      break;
    case CompareTarget::kLease:
      message.set_lease(compare.number);
      break;
  }
  return message;
}

etcdserverpb::RequestOp OpMessage(const RequestOp& op) {
  etcdserverpb::RequestOp message;
  if (const auto* range = std::get_if<RangeRequest>(&op)) {
    *message.mutable_request_range() = ToMessage(*range);
  } else if (const auto* put = std::get_if<PutRequest>(&op)) {
    *message.mutable_request_put() = ToMessage(*put);
  } else if (const auto* remove = std::get_if<DeleteRangeRequest>(&op)) {
    *message.mutable_request_delete_range() = ToMessage(*remove);
  } else if (const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
    *message.mutable_request_txn() = ToMessage(**txn);
  }
  return message;
}

ResponseOp OpFromMessage(const etcdserverpb::ResponseOp& message) {
  switch (message.response_case()) {
    case etcdserverpb::ResponseOp::kResponseRange:
      return FromMessage(message.response_range());
    case etcdserverpb::ResponseOp::kResponsePut:
      return FromMessage(message.response_put());
    case etcdserverpb::ResponseOp::kResponseDeleteRange:
      return FromMessage(message.response_delete_range());
    case etcdserverpb::ResponseOp::kResponseTxn:
      return std::make_unique<TxnResponse>(FromMessage(message.response_txn()));
    default:
      return std::monostate();
  }
}

}  // namespace

etcdserverpb::RangeRequest ToMessage(const RangeRequest& request) {
  etcdserverpb::RangeRequest message;
  message.set_key(request.key);
  message.set_range_end(request.range_end);
  message.set_limit(request.limit);
  message.set_revision(request.revision);
  message.set_sort_order(static_cast<etcdserverpb::RangeRequest::SortOrder>(request.sort_order));
  message.set_sort_target(static_cast<etcdserverpb::RangeRequest::SortTarget>(request.sort_target));
  message.set_serializable(request.serializable);
  message.set_keys_only(request.keys_only);
  message.set_count_only(request.count_only);
  message.set_min_mod_revision(request.min_mod_revision);
  message.set_max_mod_revision(request.max_mod_revision);
  message.set_min_create_revision(request.min_create_revision);
  message.set_max_create_revision(request.max_create_revision);
  return message;
}

etcdserverpb::PutRequest ToMessage(const PutRequest& request) {
  etcdserverpb::PutRequest message;
  message.set_key(request.key);
  message.set_value(request.value);
  message.set_lease(static_cast<int64_t>(request.lease));
  message.set_prev_kv(request.prev_kv);
  message.set_ignore_value(request.ignore_value);
  message.set_ignore_lease(request.ignore_lease);
  return message;
}

etcdserverpb::DeleteRangeRequest ToMessage(const DeleteRangeRequest& request) {
  etcdserverpb::DeleteRangeRequest message;
  message.set_key(request.key);
  message.set_range_end(request.range_end);
  message.set_prev_kv(request.prev_kv);
  return message;
}

etcdserverpb::TxnRequest ToMessage(const TxnRequest& request) {
  etcdserverpb::TxnRequest message;
  for (const Compare& compare : request.compare) *message.add_compare() = CompareMessage(compare);
  for (const RequestOp& op : request.success) *message.add_success() = OpMessage(op);
  for (const RequestOp& op : request.failure) *message.add_failure() = OpMessage(op);
  return message;
}

etcdserverpb::WatchCreateRequest ToMessage(const WatchRequest& request) {
  etcdserverpb::WatchCreateRequest message;
  message.set_key(request.key);
  message.set_range_end(request.range_end);
  message.set_start_revision(request.start_revision);
  message.set_progress_notify(request.progress_notify);
  message.set_prev_kv(request.prev_kv);
  if (request.no_put) message.add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
  if (request.no_delete) message.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  return message;
}

KeyValue FromMessage(const mvccpb::KeyValue& message) {
  return KeyValue::Make({.key = message.key(),
                         .value = message.value(),
                         .create_revision = message.create_revision(),
                         .mod_revision = message.mod_revision(),
                         .version = message.version(),
                         .lease = LeaseId{message.lease()}});
}

RangeResponse FromMessage(const etcdserverpb::RangeResponse& message) {
  RangeResponse response{
      .revision = message.header().revision(), .more = message.more(), .count = message.count()};
  response.kvs.reserve(static_cast<size_t>(message.kvs_size()));
  for (const mvccpb::KeyValue& kv : message.kvs()) response.kvs.push_back(FromMessage(kv));
  return response;
}

PutResponse FromMessage(const etcdserverpb::PutResponse& message) {
  PutResponse response{.revision = message.header().revision()};
  if (message.has_prev_kv()) response.prev_kv = FromMessage(message.prev_kv());
  return response;
}

DeleteRangeResponse FromMessage(const etcdserverpb::DeleteRangeResponse& message) {
  DeleteRangeResponse response{.revision = message.header().revision(),
                               .deleted = message.deleted()};
  for (const mvccpb::KeyValue& kv : message.prev_kvs()) {
    response.prev_kvs.push_back(FromMessage(kv));
  }
  return response;
}

TxnResponse FromMessage(const etcdserverpb::TxnResponse& message) {
  TxnResponse response{.revision = message.header().revision(), .succeeded = message.succeeded()};
  for (const auto& op : message.responses()) response.responses.push_back(OpFromMessage(op));
  return response;
}

WatchEvent FromMessage(const mvccpb::Event& message) {
  WatchEvent event{.kv =
                       message.type() == mvccpb::Event::DELETE
                           ? KeyValue::Tombstone(message.kv().key(), message.kv().mod_revision(), 0)
                           : FromMessage(message.kv())};
  if (message.has_prev_kv()) event.prev_kv = FromMessage(message.prev_kv());
  return event;
}

}  // namespace kvshim::remote
