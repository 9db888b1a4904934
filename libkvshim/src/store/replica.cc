#include "store/replica.h"

#include <string_view>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "base/overloaded.h"
#include "base/status.h"

namespace kvshim::store {

absl::Status Replica::Reload(log::Log& log) {
  mvcc::Index loaded(index_.memory_budget());
  Restorer restorer(loaded);
  RETURN_IF_ERROR(log.Load(restorer));
  restorer.Finish();
  index_.Replace(loaded);
  lessor_.Restore(restorer.leases());
  alarms_.Replace(restorer.alarms());
  Advance(restorer.head());
  return absl::OkStatus();
}

absl::Status Replica::BeginEpoch(log::Log& log, int64_t seen) {
  // Far enough for what other servers have seen meanwhile.
  constexpr int64_t kMargin = 1'000'000;
  ASSIGN_OR_RETURN(const log::Head newest, log.ReadHead());
  if (newest.revision <= seen) {
    const log::AppendResult begun = log.BeginEpoch(newest, seen + kMargin);
    if (begun.outcome != log::Outcome::kCommitted) return begun.status;
  }
  return Reload(log);
}

void Replica::Apply(const log::Head& head, std::span<const KeyValue> rows,
                    const std::vector<log::Op>& ops) {
  const bool compacted = head.compact_revision > head_.compact_revision;
  if (!rows.empty()) index_.Apply(rows, head.revision);
  if (compacted) index_.Compact(head.compact_revision);
  for (const log::Op& op : ops) {
    std::visit(
        base::Overloaded{[&](const log::LeaseGrant& grant) {
                           lessor_.ApplyGrant({.id = grant.id, .ttl = grant.ttl});
                         },
                         [&](const log::LeaseRevoke& revoke) { lessor_.ApplyRevoke(revoke.id); },
                         [&](const log::SetAlarm& set) {
                           alarms_.Set({set.member_id, static_cast<AlarmType>(set.type)});
                         },
                         [&](const log::ClearAlarm& clear) {
                           alarms_.Clear({clear.member_id, static_cast<AlarmType>(clear.type)});
                         }},
        op);
  }
  Advance(head);
  on_applied_({.head = head_, .ops = ops, .compacted = compacted});
}

std::vector<KeyValue> Replica::PreviousOf(std::span<const KeyValue> rows) const {
  std::vector<KeyValue> previous(rows.size());
  absl::flat_hash_map<std::string_view, size_t> changed;  // by the rows before
  mvcc::Index::View view(index_);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto [place, first] = changed.try_emplace(rows[i].key(), i);
    if (first) {
      const mvcc::KeyHistory* history = view.Find(rows[i].key());
      if (history != nullptr && history->live()) previous[i] = history->newest().kv;
    } else {
      const KeyValue& before = rows[std::exchange(place->second, i)];
      if (!before.is_tombstone()) previous[i] = before;
    }
  }
  return previous;
}

void Replica::Advance(const log::Head& head) {
  head_ = head;
  epoch_.store(head.epoch, std::memory_order_relaxed);
  base::MutexLock lock(mutex_);
  newest_ = head;
  sequence_.store(head.seq, std::memory_order_release);
  nonces_[static_cast<size_t>(head.seq) % nonces_.size()] = {head.seq, head.nonce};
  advanced_.NotifyAll();
}

bool Replica::Holds(int64_t seq, const log::Nonce& nonce) {
  base::MutexLock lock(mutex_);
  const auto& [known_seq, known_nonce] = nonces_[static_cast<size_t>(seq) % nonces_.size()];
  return known_seq != seq || known_nonce == nonce;
}

Replica::Weight Replica::Weigh(const Claim& claim) {
  base::MutexLock lock(mutex_);
  if (claim.epoch < newest_.epoch) return Weight::kOutdated;
  if (claim.epoch > newest_.epoch || claim.seq > newest_.seq) return Weight::kBeyond;
  const auto& [seq, nonce] = nonces_[static_cast<size_t>(claim.seq) % nonces_.size()];
  if (seq != claim.seq) return Weight::kForgotten;
  return nonce == claim.nonce ? Weight::kHeld : Weight::kAnother;
}

log::Head Replica::newest() {
  base::MutexLock lock(mutex_);
  return newest_;
}

bool Replica::WaitFor(int64_t seq, base::TimePoint deadline) {
  if (sequence() >= seq) return true;
  base::MutexLock lock(mutex_);
  while (sequence() < seq) {
    if (!advanced_.WaitUntil(mutex_, deadline)) return sequence() >= seq;
  }
  return true;
}

}  // namespace kvshim::store
