#include "log/succession.h"

#include <string>

#include "log/format.h"
#include "log/op.h"
#include "log/record.h"

namespace kvshim::log {

bool Succession::Follows(const Head& tip, const CommittedBatch& batch, int64_t writer) {
  const Head& head = batch.head;
  if (head.seq != tip.seq + 1 || head.epoch != tip.epoch) return false;
  const std::string ops = EncodeOps(batch.ops);
  hasher_.Begin(tip.hash, {.seq = head.seq,
                           .nonce = AsView(head.nonce),
                           .prev = AsView(tip.nonce),
                           .epoch = head.epoch,
                           .first_revision = tip.revision + 1,
                           .last_revision = head.revision,
                           .row_count = static_cast<int64_t>(batch.rows.size()),
                           .compact_revision = head.compact_revision,
                           .gc_floor = head.gc_floor,
                           .min_reader = kFormat,
                           .min_writer = kFormat,
                           .writer = writer,
                           .ops = ops});
  for (const KeyValue& row : batch.rows) hasher_.Add(RecordOf(row));
  return hasher_.Finish() == head.hash;
}

}  // namespace kvshim::log
