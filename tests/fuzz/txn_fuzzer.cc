// Bytes of a client taken for a transaction, a put, a deletion and a range, and evaluated on a
// store with some keys. Whatever they are: an error or an answer, a revision exactly where
// something changed, and an undone request leaves nothing behind.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "etcd/request_parser.h"
#include "etcd/wire.h"
#include "mvcc/range_read.h"
#include "mvcc/request_check.h"
#include "mvcc/write_batch.h"
#include "rpc.pb.h"
#include "rpc/payload.h"

namespace {

using namespace kvshim;  // NOLINT: a program of one file

constexpr size_t kMaxOps = 128;

struct EveryLease final : mvcc::LeaseView {
  bool Exists(LeaseId id) const override { return static_cast<int64_t>(id) % 2 == 0; }
};

void Demand(bool holds) {
  if (!holds) std::abort();
}

void Fill(mvcc::Index& index) {
  std::vector<KeyValue> kvs;
  for (const char* key : {"a", "a/b", "b", "k1", "k2", "z"}) {
    const int64_t revision = index.revision() + 1;
    index.Apply(std::vector{KeyValue::Make({.key = key,
                                            .value = "value",
                                            .create_revision = revision,
                                            .mod_revision = revision,
                                            .version = 1})},
                revision);
  }
}

// Evaluates one request; `evaluate` answers whether it succeeded.
template <typename Evaluate>
void Run(const mvcc::Index& index, const Evaluate& evaluate) {
  const EveryLease leases;
  mvcc::WriteBatch batch(index.revision(), leases);
  mvcc::Values values;
  const mvcc::Index::View view(index);
  const auto before = batch.mark();
  const bool done = evaluate(batch, view, values);
  Demand(values.wanted().empty());  // everything is in memory
  Demand(done || batch.empty());
  Demand(batch.revision() == index.revision() + (batch.empty() ? 0 : 1));
  batch.RollBack(before);
  Demand(batch.empty() && batch.bytes() == 0 && batch.revision() == index.revision());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static mvcc::Index& index = *[] {
    auto* filled = new mvcc::Index(size_t{1} << 20);
    Fill(*filled);
    return filled;
  }();
  const rpc::Payload payload(std::string(reinterpret_cast<const char*>(data), size));

  if (TxnRequest request; etcd::Parse(payload.bytes(), request)) {
    if (mvcc::Check(request, kMaxOps).ok()) {
      Run(index, [&](mvcc::WriteBatch& batch, const mvcc::Index::View& view, mvcc::Values& values) {
        const auto response = batch.Txn(view, request, values);
        if (!response.ok()) return false;
        Demand(!mvcc::IsReadOnly(request) || batch.empty());
        etcdserverpb::TxnResponse parsed;
        const rpc::Message message = etcd::Encode(etcd::Header{.revision = 1}, *response);
        Demand(rpc::Payload(message.Flatten()).Parse(parsed));
        Demand(static_cast<size_t>(parsed.responses_size()) == response->responses.size());
        return true;
      });
    }
  }
  if (PutRequest request; etcd::Parse(payload.bytes(), request)) {
    if (mvcc::Check(request).ok()) {
      Run(index, [&](mvcc::WriteBatch& batch, const mvcc::Index::View& view, mvcc::Values& values) {
        return batch.Put(view, request, values).ok();
      });
    }
  }
  if (DeleteRangeRequest request; etcd::Parse(payload.bytes(), request)) {
    if (mvcc::Check(request).ok()) {
      Run(index, [&](mvcc::WriteBatch& batch, const mvcc::Index::View& view, mvcc::Values& values) {
        return batch.DeleteRange(view, request, values).ok();
      });
    }
  }
  if (RangeRequest request; etcd::Parse(payload.bytes(), request)) {
    if (mvcc::Check(request).ok()) {
      const mvcc::Index::View view(index);
      mvcc::Values values;
      const RangeResponse response =
          mvcc::ReadRange(request, mvcc::IndexState(view, view.revision()), values);
      Demand(static_cast<int64_t>(response.kvs.size()) <= response.count);
      Demand(request.limit <= 0 || static_cast<int64_t>(response.kvs.size()) <= request.limit);
    }
  }
  return 0;
}
