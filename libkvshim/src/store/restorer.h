// Restorer: builds the index from the log, and keeps the rest of what the log tells at a start.
//
// Thread safety: none.
//
//   Restorer restorer(index);
//   RETURN_IF_ERROR(log.Load(restorer));
//   restorer.Finish();
#pragma once

#include <vector>

#include "kvshim/store.h"
#include "lease/lessor.h"
#include "log/log.h"
#include "mvcc/index.h"

namespace kvshim::store {

class Restorer final : public log::LoadVisitor {
 public:
  // `index` is empty.
  explicit Restorer(mvcc::Index& index) : index_(index) {}

  void OnHead(const log::Head& head, const log::Identity& identity) override;
  void OnLease(const log::LeaseState& lease) override;
  void OnAlarm(const log::SetAlarm& alarm) override;
  void OnRow(const log::RowView& row) override;

  // After the last row.
  void Finish() { index_.FinishRestore(head_.revision, head_.compact_revision); }

  const log::Head& head() const { return head_; }
  const std::vector<lease::LeaseGrant>& leases() const { return leases_; }
  const std::vector<Alarm>& alarms() const { return alarms_; }

 private:
  mvcc::Index& index_;
  log::Head head_;
  std::vector<lease::LeaseGrant> leases_;
  std::vector<Alarm> alarms_;
};

}  // namespace kvshim::store
