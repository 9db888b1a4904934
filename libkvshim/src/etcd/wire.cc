#include "etcd/wire.h"

#include <variant>
#include <vector>

#include "etcd/wire_writer.h"

namespace kvshim::etcd {
namespace {

template <typename Sink>
void PutHeader(Sink& sink, const Header& header) {
  PutMessage(sink, 1, [&](auto& out) {
    PutNumber(out, 1, header.cluster_id);
    PutNumber(out, 2, header.member_id);
    PutNumber(out, 3, static_cast<uint64_t>(header.revision));
    PutNumber(out, 4, header.raft_term);
  });
}

template <typename Sink>
void PutFields(Sink& sink, const Header& header, const RangeResponse& response) {
  PutHeader(sink, header);
  for (const KeyValue& kv : response.kvs) PutKeyValue(sink, 2, kv);
  PutNumber(sink, 3, response.more ? 1 : 0);
  PutNumber(sink, 4, static_cast<uint64_t>(response.count));
}

template <typename Sink>
void PutFields(Sink& sink, const Header& header, const PutResponse& response) {
  PutHeader(sink, header);
  if (response.prev_kv) PutKeyValue(sink, 2, response.prev_kv);
}

template <typename Sink>
void PutFields(Sink& sink, const Header& header, const DeleteRangeResponse& response) {
  PutHeader(sink, header);
  PutNumber(sink, 2, static_cast<uint64_t>(response.deleted));
  for (const KeyValue& kv : response.prev_kvs) PutKeyValue(sink, 3, kv);
}

template <typename Sink>
void PutFields(Sink& sink, const Header& header, const TxnResponse& response);

// The header of an answer inside a transaction holds the revision only.
template <typename Sink, typename Response>
void PutAnswer(Sink& sink, int field, const Response& response) {
  const Header header{.revision = response.revision};
  PutNested(sink, field, [&](auto& out) { PutFields(out, header, response); });
}

template <typename Sink>
void PutOp(Sink& sink, const ResponseOp& op) {
  if (const auto* range = std::get_if<RangeResponse>(&op)) {
    PutAnswer(sink, 1, *range);
  } else if (const auto* put = std::get_if<PutResponse>(&op)) {
    PutAnswer(sink, 2, *put);
  } else if (const auto* deletion = std::get_if<DeleteRangeResponse>(&op)) {
    PutAnswer(sink, 3, *deletion);
  } else if (const auto* txn = std::get_if<std::unique_ptr<TxnResponse>>(&op)) {
    PutAnswer(sink, 4, **txn);
  }
}

template <typename Sink>
void PutFields(Sink& sink, const Header& header, const TxnResponse& response) {
  PutHeader(sink, header);
  PutNumber(sink, 2, response.succeeded ? 1 : 0);
  for (const ResponseOp& op : response.responses) {
    PutNested(sink, 3, [&](auto& out) { PutOp(out, op); });
  }
}

template <typename Response>
rpc::Message EncodeResponse(const Header& header, const Response& response) {
  rpc::Message message;
  WireWriter writer(message);
  PutFields(writer, header, response);
  return message;
}

}  // namespace

rpc::Message Encode(const Header& header, const RangeResponse& response) {
  return EncodeResponse(header, response);
}
rpc::Message Encode(const Header& header, const PutResponse& response) {
  return EncodeResponse(header, response);
}
rpc::Message Encode(const Header& header, const DeleteRangeResponse& response) {
  return EncodeResponse(header, response);
}
rpc::Message Encode(const Header& header, const TxnResponse& response) {
  std::vector<size_t> lengths;
  WireSize size(lengths);
  PutFields(size, header, response);
  rpc::Message message;
  WireWriter writer(message, lengths);
  PutFields(writer, header, response);
  return message;
}

rpc::Message EncodePart(const Header& header, const RangeResponse& response) {
  rpc::Message message;
  WireWriter writer(message);
  PutMessage(writer, 1, [&](auto& out) { PutFields(out, header, response); });
  return message;
}

rpc::Message EncodePart(const RangeResponse& response) {
  rpc::Message message;
  WireWriter writer(message);
  PutMessage(writer, 1, [&](auto& out) {
    for (const KeyValue& kv : response.kvs) PutKeyValue(out, 2, kv);
  });
  return message;
}

rpc::Message Encode(const Header& header, const watch::Response& response, size_t first,
                    size_t last, bool fragment) {
  rpc::Message message;
  WireWriter writer(message);
  PutHeader(writer, header);
  PutNumber(writer, 2, static_cast<uint64_t>(response.watch_id));
  PutNumber(writer, 3, response.created ? 1 : 0);
  PutNumber(writer, 4, response.canceled ? 1 : 0);
  PutNumber(writer, 5, static_cast<uint64_t>(response.compact_revision));
  PutBytes(writer, 6, response.cancel_reason);
  PutNumber(writer, 7, fragment ? 1 : 0);
  for (size_t i = first; i < last; ++i) {
    response.events[i]->AppendTo(
        response.prev_kv, [&](std::string_view bytes) { writer.Raw(bytes); },
        [&](const KeyValue& kv) { writer.Shared(kv); });
  }
  return message;
}

}  // namespace kvshim::etcd
