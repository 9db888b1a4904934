#include "log/record.h"

#include "base/strings.h"
#include "sql/error.h"

namespace kvshim::log {

using base::Concat;

sql::LogRecord RecordOf(const KeyValue& row) {
  return {.id = {row.mod_revision(), row.sub()},
          .key = row.key(),
          .tombstone = row.is_tombstone(),
          .create_revision = row.create_revision(),
          .version = row.version(),
          .lease = static_cast<int64_t>(row.lease()),
          .value_size = static_cast<int64_t>(row.value().size()),
          .value = row.value()};
}

KeyValue KeyValueOf(const sql::LogRecord& record) {
  if (record.tombstone) {
    return KeyValue::Tombstone(record.key, record.id.revision, record.id.sub);
  }
  return KeyValue::Make({.key = record.key,
                         .value = record.value,
                         .create_revision = record.create_revision,
                         .mod_revision = record.id.revision,
                         .version = record.version,
                         .lease = LeaseId{record.lease},
                         .sub = record.id.sub});
}

std::string Contradiction(const sql::LogRecord& record) {
  if (static_cast<int64_t>(record.value.size()) != record.value_size) {
    return Concat("the value has ", record.value.size(), " bytes, vlen says ", record.value_size);
  }
  if (record.tombstone) {
    const bool bare = record.version == 0 && record.create_revision == 0 && record.lease == 0 &&
                      record.value.empty();
    return bare ? "" : "a tombstone holds more than its key";
  }
  if (record.version < 1) return Concat("the version is ", record.version);
  if (record.create_revision < 2 || record.create_revision > record.id.revision) {
    return Concat("the key was created at revision ", record.create_revision);
  }
  if ((record.version == 1) != (record.create_revision == record.id.revision)) {
    return Concat("version ", record.version, " of a key created at revision ",
                  record.create_revision);
  }
  return "";
}

absl::Status CheckRecord(const sql::LogRecord& record, const std::string& database) {
  const std::string what = Contradiction(record);
  if (what.empty()) return absl::OkStatus();
  return sql::MakeError(
      sql::ErrorKind::kCorrupt,
      Concat("database ", database, " is damaged: kv_log (", record.id.revision, ", ",
             record.id.sub, "): ", what, "; stop, run `kvshim check`, and restore a snapshot"));
}

std::string DenseRevisions::Add(sql::RowId id) {
  if (id.revision <= floor_) return "";
  const sql::RowId last = last_;
  const bool next_sub = in_revision_ && id.revision == last.revision && id.sub == last.sub + 1;
  const bool next_revision = id.revision == last.revision + 1 && id.sub == 0;
  last_ = id;
  in_revision_ = true;
  if (next_sub || next_revision) return "";
  return Concat("has nothing between (", last.revision, ", ", last.sub, ") and (", id.revision,
                ", ", id.sub, ")");
}

std::string DenseRevisions::End(int64_t newest) const {
  if (last_.revision == newest || (!in_revision_ && newest <= last_.revision)) return "";
  return Concat("ends at revision ", last_.revision, ", the newest batch at ", newest);
}

}  // namespace kvshim::log
