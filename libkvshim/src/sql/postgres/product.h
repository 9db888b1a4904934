// Product: which database speaks PostgreSQL's protocol, told by what it says of itself when a
// session begins. Its relatives lack some of PostgreSQL, or want it asked for otherwise.
//
//   CockroachDB   no LISTEN (news comes from hints and polling), no ctid, no VACUUM, no sizes of
//                 tables, no storage attributes, none of the settings about durability
//   YugabyteDB    no ctid; a primary key is hashed unless its order is asked for, and the log is
//   read
//                 in the order of its revisions
//
// Neither could be tried, for want of a server here.
//
// Thread safety: values.
#pragma once

#include <string>
#include <string_view>

namespace kvshim::sql::postgres {

enum class Product { kPostgres, kCockroach, kYugabyte };

// Of a session's parameters: `crdb_version` (empty: it has none) and `server_version`.
Product ProductOf(std::string_view crdb_version, std::string_view server_version);

// The statements that make the tables.
std::string TablesFor(Product product);

}  // namespace kvshim::sql::postgres
