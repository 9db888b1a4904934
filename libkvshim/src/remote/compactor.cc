#include "remote/compactor.h"

#include <string>
#include <utility>

#include "base/logger.h"
#include "base/status.h"

namespace kvshim::remote {
namespace {

constexpr char kKey[] = "compact_rev_key";

}  // namespace

Compactor::Compactor(Store& store, std::chrono::milliseconds interval, base::Clock& clock)
    : store_(store),
      interval_(interval),
      clock_(clock),
      executor_({.name = "kv-compactor", .clock = &clock}) {
  Schedule();
}

void Compactor::Schedule() {
  executor_.Schedule(clock_.Now() + interval_, [this] {
    if (const absl::Status status = Compact(); !status.ok()) {
      base::Log(base::Level::kWarning, "the etcd's history was not compacted", {{"error", status}});
    }
    Schedule();
  });
}

absl::Status Compactor::Compact() {
  TxnRequest txn;
  txn.compare.push_back({.target = CompareTarget::kVersion, .key = kKey, .number = version_});
  txn.success.emplace_back(PutRequest{.key = kKey, .value = std::to_string(revision_)});
  txn.failure.emplace_back(RangeRequest{.key = kKey});
  ASSIGN_OR_RETURN(const TxnResponse response, store_.Txn(std::move(txn)));
  const int64_t noted = std::exchange(revision_, response.revision);
  if (!response.succeeded) {
    const auto& kvs = std::get<RangeResponse>(response.responses.front()).kvs;
    version_ = kvs.empty() ? 0 : kvs.front().version();
    return absl::OkStatus();
  }
  ++version_;
  if (noted == 0) return absl::OkStatus();
  const absl::Status compacted = store_.Compact({.revision = noted}).status();
  // Somebody has compacted further.
  return absl::IsOutOfRange(compacted) ? absl::OkStatus() : compacted;
}

}  // namespace kvshim::remote
