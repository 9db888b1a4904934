// Rows of kv_log by their exact keys, in a form that the planners of MySQL and MariaDB look up in
// the primary key whatever their number: MariaDB turns a long IN list into a table and joins it.
//
// Thread safety: pure functions.
#pragma once

#include <span>
#include <string>

#include "sql/mysql/statement.h"
#include "sql/record.h"

namespace kvshim::sql::mysql {

inline std::string AnyOf(std::span<const RowId> ids) {
  Statement condition(ids.size() * 32);
  for (const RowId& id : ids) {
    condition.Text(condition.empty() ? "(rev = " : " OR (rev = ")
        .Int(id.revision)
        .Text(" AND sub = ")
        .Int(id.sub)
        .Text(")");
  }
  return condition.text();
}

}  // namespace kvshim::sql::mysql
