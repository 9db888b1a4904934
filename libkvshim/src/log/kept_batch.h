// KeptBatch: a row of kv_batch whose bytes outlive the query.
//
// Thread safety: a value.
#pragma once

#include <string>

#include "sql/record.h"

namespace kvshim::log {

class KeptBatch {
 public:
  explicit KeptBatch(const sql::BatchRecord& batch)
      : record_(batch),
        nonce_(batch.nonce),
        prev_(batch.prev),
        ops_(batch.ops),
        hash_(batch.hash) {}

  // Valid as long as this object, where it is.
  sql::BatchRecord record() const {
    sql::BatchRecord view = record_;
    view.nonce = nonce_;
    view.prev = prev_;
    view.ops = ops_;
    view.hash = hash_;
    return view;
  }

 private:
  sql::BatchRecord record_;
  std::string nonce_, prev_, ops_, hash_;
};

}  // namespace kvshim::log
