#include "log/chain_writer.h"

#include <iterator>
#include <string>
#include <utility>

#include "base/status.h"
#include "log/projection.h"
#include "log/record.h"

namespace kvshim::log {

absl::Status ChainWriter::Append(sql::Database& database, const Head& tip, ChainBatch batch,
                                 Head& head) {
  ASSIGN_OR_RETURN(head.nonce, RandomNonce());
  head.seq = tip.seq + 1;
  records_.clear();
  for (const KeyValue& row : batch.rows) records_.push_back(RecordOf(row));
  const std::string ops = EncodeOps(batch.ops);
  std::vector<sql::Projection> projections = ProjectOps(batch.ops);
  std::move(batch.projections.begin(), batch.projections.end(), std::back_inserter(projections));
  sql::AppendRequest request{.batch = {.seq = head.seq,
                                       .nonce = AsView(head.nonce),
                                       .prev = AsView(tip.nonce),
                                       .epoch = head.epoch,
                                       .first_revision = tip.revision + 1,
                                       .last_revision = head.revision,
                                       .row_count = static_cast<int64_t>(batch.rows.size()),
                                       .compact_revision = head.compact_revision,
                                       .gc_floor = head.gc_floor,
                                       .min_reader = batch.format,
                                       .min_writer = batch.format,
                                       .writer = batch.writer,
                                       .ops = ops},
                             .prev_epoch = tip.epoch,
                             .rows = records_,
                             .projections = projections,
                             .prune_through = batch.prune_through};
  hasher_.Begin(tip.hash, request.batch);
  for (const sql::LogRecord& record : records_) hasher_.Add(record);
  head.hash = hasher_.Finish();
  request.batch.hash = AsView(head.hash);
  if (batch.meanwhile) request.meanwhile = [&] { batch.meanwhile(head); };
  const absl::Status status = database.Append(request);
  records_.clear();
  return status;
}

}  // namespace kvshim::log
