#include "store/restorer.h"

namespace kvshim::store {

void Restorer::OnHead(const log::Head& head, const log::Identity& /*identity*/) { head_ = head; }

void Restorer::OnLease(const log::LeaseState& lease) {
  leases_.push_back({.id = lease.id, .ttl = lease.ttl, .renew = lease.renew});
}

void Restorer::OnAlarm(const log::SetAlarm& alarm) {
  alarms_.push_back({alarm.member_id, static_cast<AlarmType>(alarm.type)});
}

void Restorer::OnRow(const log::RowView& row) {
  // A tombstone stands for a key without a past.
  index_.Restore({.revision = row.revision,
                  .key = row.key,
                  .tombstone = row.tombstone,
                  .create_revision = row.tombstone ? 0 : row.create_revision,
                  .version = row.tombstone ? 0 : row.version,
                  .lease = row.tombstone ? kNoLease : row.lease});
}

}  // namespace kvshim::store
