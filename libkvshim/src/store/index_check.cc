#include "store/index_check.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "mvcc/index.h"
#include "sql/error.h"
#include "store/restorer.h"

namespace kvshim::store {
namespace {

constexpr int64_t kRevisionsAStep = 5000;

// What is wrong with one row beside the index; empty: nothing.
std::string Compare(const mvcc::Index::View& view, const KeyValue& row) {
  const mvcc::KeyHistory* history = view.Find(row.key());
  const mvcc::Version* version = history == nullptr ? nullptr : history->At(row.mod_revision());
  if (version == nullptr || version->revision() > mvcc::Revision{row.mod_revision(), row.sub()}) {
    // Two changes of a key in one revision: the later one is what At finds.
    return version == nullptr ? "the index does not have it" : "";
  }
  if (version->tombstone != row.is_tombstone()) return "the index takes a put for a deletion";
  if (version != &history->newest() || row.is_tombstone()) return "";
  if (history->create_revision != row.create_revision() || history->version != row.version() ||
      history->lease != row.lease()) {
    return "the index has another creation, version or lease";
  }
  return "";
}

}  // namespace

absl::Status CheckIndex(log::Log& log, const std::function<void(const log::Finding&)>& visit) {
  mvcc::Index index(/*memory_budget=*/0);
  Restorer restorer(index);
  if (const absl::Status loaded = log.Load(restorer); !loaded.ok()) {
    if (sql::KindOf(loaded) != sql::ErrorKind::kCorrupt) return loaded;
    visit({"kv_log", std::string(base::FromAbsl(loaded.message()))});
    return absl::OkStatus();
  }
  restorer.Finish();
  int64_t rows = 0;
  for (int64_t from = 0; from <= restorer.head().revision; from += kRevisionsAStep) {
    const int64_t to = std::min(from + kRevisionsAStep - 1, restorer.head().revision);
    mvcc::Index::View view(index);
    RETURN_IF_ERROR(log.ScanRows(from, to, [&](const KeyValue& row) {
      ++rows;
      const std::string wrong = Compare(view, row);
      if (!wrong.empty()) {
        visit({base::Concat("kv_log (", row.mod_revision(), ", ", row.sub(), ")"), wrong});
      }
      return true;
    }));
  }
  if (const int64_t versions = index.stats().versions; versions != rows) {
    visit(
        {"kv_log", base::Concat("the index has ", versions, " versions, the log ", rows, " rows")});
  }
  return absl::OkStatus();
}

}  // namespace kvshim::store
