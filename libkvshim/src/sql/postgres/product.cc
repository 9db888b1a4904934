#include "sql/postgres/product.h"

namespace kvshim::sql::postgres {
namespace {

// @ORDER@ and @UPDATED@ are the product's: how a key is ordered, and what a table whose rows are
// updated in place is made with. `value` stands last.
constexpr char kTables[] = R"sql(
CREATE TABLE kv_meta (
  name text PRIMARY KEY,
  value bytea NOT NULL
);

CREATE TABLE kv_batch (
  seq bigint NOT NULL,
  nonce bytea NOT NULL,
  prev bytea NOT NULL,
  epoch bigint NOT NULL,
  first_rev bigint NOT NULL,
  last_rev bigint NOT NULL,
  nrows bigint NOT NULL,
  compact_rev bigint NOT NULL,
  gc_floor bigint NOT NULL,
  min_reader bigint NOT NULL,
  min_writer bigint NOT NULL,
  writer bigint NOT NULL,
  ops bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (seq@ORDER@)
);

CREATE TABLE kv_log (
  rev bigint NOT NULL,
  create_rev bigint NOT NULL,
  version bigint NOT NULL,
  lease bigint NOT NULL,
  sub integer NOT NULL,
  vlen integer NOT NULL,
  kind smallint NOT NULL,
  key bytea NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (rev@ORDER@, sub@ORDER@)
);

CREATE TABLE kv_lease (
  id bigint PRIMARY KEY,
  ttl bigint NOT NULL,
  renew bigint NOT NULL
)@UPDATED@;

CREATE TABLE kv_lock (id integer PRIMARY KEY);
INSERT INTO kv_lock (id) VALUES (1);

CREATE TABLE kv_owner (
  id integer PRIMARY KEY,
  server bigint NOT NULL,
  term bigint NOT NULL,
  beat bigint NOT NULL
)@UPDATED@;
INSERT INTO kv_owner (id, server, term, beat) VALUES (1, 0, 0, 0);

CREATE TABLE kv_server (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  urls text NOT NULL,
  applied_seq bigint NOT NULL,
  beat bigint NOT NULL
)@UPDATED@;
)sql";

// Values are never compressed: most are small, and what is large is mostly encoded already.
constexpr char kStorage[] = "ALTER TABLE kv_log ALTER COLUMN value SET STORAGE EXTERNAL;";

void Replace(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

Product ProductOf(std::string_view crdb_version, std::string_view server_version) {
  if (!crdb_version.empty()) return Product::kCockroach;
  if (server_version.find("-YB-") != server_version.npos) return Product::kYugabyte;
  return Product::kPostgres;
}

std::string TablesFor(Product product) {
  std::string tables = kTables;
  const bool original = product == Product::kPostgres;
  Replace(tables, "@ORDER@", product == Product::kYugabyte ? " ASC" : "");
  Replace(tables, "@UPDATED@", original ? " WITH (fillfactor = 50)" : "");
  if (original) tables += kStorage;
  return tables;
}

}  // namespace kvshim::sql::postgres
