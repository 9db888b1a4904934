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
  sql::AppendRequest request{.batch = RecordOf(tip, head, batch.rows.size()),
                             .prev_epoch = tip.epoch,
                             .rows = records_,
                             .projections = projections,
                             .prune_through = batch.prune_through};
  request.batch.min_reader = request.batch.min_writer = batch.format;
  request.batch.writer = batch.writer;
  request.batch.ops = ops;
  hasher_.Begin(tip.hash, request.batch);
  for (const sql::LogRecord& record : records_) hasher_.Add(record);
  head.hash = hasher_.Finish();
  if (batch.meanwhile) request.meanwhile = [&] { batch.meanwhile(head); };
  const absl::Status status = database.Append(request);
  records_.clear();
  return status;
}

}  // namespace kvshim::log
