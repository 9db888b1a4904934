#include "sql/mysql/append_script.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/overloaded.h"
#include "sql/mysql/schema.h"

namespace kvshim::sql::mysql {
namespace {

constexpr int64_t kPrunedAtOnce = 256;

constexpr char kInsertRows[] =
    "INSERT INTO kv_log (rev, sub, kind, create_rev, version, lease, vlen, `key`, value) VALUES ";

Statement Project(const Projection& change) {
  return std::visit(
      base::Overloaded{
          [](const PutLease& put) {
            return Statement()
                .Text("REPLACE INTO kv_lease (id, ttl, renew) VALUES (")
                .Int(put.id)
                .Text(", ")
                .Int(put.ttl)
                .Text(", 0)");
          },
          [](const DropLease& drop) {
            return Statement().Text("DELETE FROM kv_lease WHERE id = ").Int(drop.id);
          },
          [](const PutMeta& put) {
            return Statement()
                .Text("REPLACE INTO kv_meta (name, value) VALUES (")
                .Bytes(put.name)
                .Text(", ")
                .Bytes(put.value)
                .Text(")");
          },
          [](const DropMeta& drop) {
            return Statement().Text("DELETE FROM kv_meta WHERE name = ").Bytes(drop.name);
          }},
      change);
}

void AddRow(Statement& insert, const LogRecord& row) {
  insert.Text("(")
      .Int(row.id.revision)
      .Text(",")
      .Int(row.id.sub)
      .Text(row.tombstone ? ",1," : ",0,")
      .Int(row.create_revision)
      .Text(",")
      .Int(row.version)
      .Text(",")
      .Int(row.lease)
      .Text(",")
      .Int(row.value_size)
      .Text(",")
      .Bytes(row.key)
      .Text(",")
      .Bytes(row.value)
      .Text(")");
}

}  // namespace

AppendScript::AppendScript(const AppendRequest& request, bool in_turn, size_t limit) {
  const BatchRecord& batch = request.batch;
  if (!in_turn) {
    Add(Statement().Text("START TRANSACTION"));
    Add(Statement().Text("SELECT id INTO @kvshim_lock FROM kv_lock WHERE id = 1 FOR UPDATE"));
  }
  Add(Statement()
          .Text("SET @kvshim_prev = (SELECT nonce FROM kv_batch WHERE seq = ")
          .Int(batch.seq - 1)
          .Text(" AND nonce = ")
          .Bytes(batch.prev)
          .Text(" AND epoch = ")
          .Int(request.prev_epoch)
          .Text(")"));
  Add(InsertBatch(batch, "@kvshim_prev"), 1);
  AddRows(request.rows, limit);
  for (const Projection& change : request.projections) Add(Project(change));
  if (request.prune_through > 0) {
    Add(Statement()
            .Text("DELETE FROM kv_batch WHERE seq <= ")
            .Int(request.prune_through)
            .Text(" ORDER BY seq LIMIT ")
            .Int(kPrunedAtOnce));
  }
  Add(Statement().Text("COMMIT"));
}

void AppendScript::Add(Statement statement, int64_t count) {
  statements_.push_back(std::move(statement));
  counts_.push_back(count);
}

void AppendScript::AddRows(std::span<const LogRecord> rows, size_t limit) {
  first_rows_ = statements_.size();
  size_t bytes = 0;
  for (const LogRecord& row : rows) bytes += row.key.size() + row.value.size() + 96;
  const size_t capacity = std::min(bytes + bytes / 16, limit + limit / 4) + 128;
  for (size_t next = 0; next < rows.size(); ++rows_statements_) {
    Statement insert(capacity);
    insert.Text(kInsertRows);
    int64_t count = 0;
    do {
      if (count > 0) insert.Text(",");
      AddRow(insert, rows[next]);
      ++count;
      ++next;
      // The next one is added only where it fits whole.
    } while (next < rows.size() &&
             insert.size() + rows[next].key.size() + rows[next].value.size() + 128 < limit);
    Add(std::move(insert), count);
  }
}

size_t AppendScript::largest() const {
  size_t largest = 0;
  for (const Statement& statement : statements_) largest = std::max(largest, statement.size());
  return largest;
}

size_t AppendScript::total() const {
  size_t total = 0;
  for (const Statement& statement : statements_) total += statement.size();
  return total;
}

std::string AppendScript::Compound() const {
  Statement script(total() + 1024 + 256 * rows_statements_);
  script.Text(
      "BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END; ");
  for (size_t i = 0; i < statements_.size(); ++i) {
    if (OfRows(i)) {
      script
          .Text("BEGIN DECLARE EXIT HANDLER FOR 1062 SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '")
          .Text(kRowsBeyond)
          .Text("'; ");
    }
    script.Text(statements_[i]).Text("; ");
    if (counts_[i] >= 0) {
      script.Text("IF ROW_COUNT() <> ")
          .Int(counts_[i])
          .Text(
              " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'other rows were inserted than "
              "were given'; END IF; ");
    }
    if (OfRows(i)) script.Text("END; ");
  }
  script.Text("END");
  return script.text();
}

std::string AppendScript::Joined() const {
  Statement script(total() + 2 * statements_.size());
  for (const Statement& statement : statements_) {
    script.Text(script.empty() ? "" : "; ").Text(statement);
  }
  return script.text();
}

}  // namespace kvshim::sql::mysql
