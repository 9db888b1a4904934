#include "etcd/wire.h"

#include <iterator>
#include <variant>
#include <vector>

#include "etcd/wire_writer.h"

namespace kvshim::etcd {
namespace {

template <typename Sink>
void PutHeader(Sink& sink, const Header& header) {
  const uint64_t fields[] = {header.cluster_id, header.member_id,
                             static_cast<uint64_t>(header.revision), header.raft_term};
  char bytes[std::size(fields) * (1 + base::kMaxVarintSize)];
  char* end = bytes;
  for (size_t i = 0; i < std::size(fields); ++i) {
    if (fields[i] == 0) continue;
    *end++ = static_cast<char>((i + 1) << 3);
    end = base::PutVarint(end, fields[i]);
  }
  const auto size = static_cast<size_t>(end - bytes);
  sink.Varint(1 << 3 | 2);
  sink.Varint(size);
  sink.Raw({bytes, size});
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
  WireWriter writer;
  PutFields(writer, header, response);
  return writer.Finish();
}

}  // namespace

rpc::Message Encode(const Header& header, const RangeResponse& response) {
  WireWriter writer;
  writer.Reserve(response.kvs);
  PutFields(writer, header, response);
  return writer.Finish();
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
  WireWriter writer(lengths);
  PutFields(writer, header, response);
  return writer.Finish();
}

rpc::Message EncodePart(const Header& header, const RangeResponse& response) {
  WireWriter writer;
  PutMessage(writer, 1, [&](auto& out) { PutFields(out, header, response); });
  return writer.Finish();
}

rpc::Message EncodePart(const RangeResponse& response) {
  WireWriter writer;
  PutMessage(writer, 1, [&](auto& out) {
    for (const KeyValue& kv : response.kvs) PutKeyValue(out, 2, kv);
  });
  return writer.Finish();
}

rpc::Message Encode(const Header& header, const watch::Response& response, size_t first,
                    size_t last, bool fragment) {
  WireWriter writer;
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
        [&](const KeyValue& kv) { writer.Shared(kv, kv.wire()); });
  }
  return writer.Finish();
}

}  // namespace kvshim::etcd
