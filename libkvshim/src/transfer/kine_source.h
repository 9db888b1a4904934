// A database of kine's as a source: the table kine, in SQLite, PostgreSQL or MySQL.
//
// Keys come with their newest values and kine's own revisions, which are its row ids. What kine
// keeps of older versions does not come along (docs/decisions/imported_revisions.md). kine counts
// no versions: a key that was changed since its creation comes as version 2. A kine lease is a time
// to live of one key, whose beginning is written nowhere: each such key gets a lease of its own,
// numbered by the key's revision, with the whole time, as a restart of kine would give it.
//
// Thread safety: as Source.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "transfer/source.h"
#include "transfer/table_reader.h"

namespace kvshim::transfer {

absl::StatusOr<std::unique_ptr<Source>> OpenKineSource(std::unique_ptr<TableReader> reader);

}  // namespace kvshim::transfer
