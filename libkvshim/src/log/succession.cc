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
  sql::BatchRecord record = RecordOf(tip, head, batch.rows.size());
  record.min_reader = record.min_writer = kFormat;
  record.writer = writer;
  record.ops = ops;
  hasher_.Begin(tip.hash, record);
  for (const KeyValue& row : batch.rows) hasher_.Add(RecordOf(row));
  return hasher_.Finish() == head.hash;
}

}  // namespace kvshim::log
