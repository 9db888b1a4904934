// The operations that are guarded, a function for each part of the program; each calls Measure for
// every one of its operations.
#pragma once

#include "guard/driver/served_store.h"

namespace kvshim::guard {

// What all others are compared with: lookups in a std::map that copy what they find. It has
// nothing of kvshim's in it, and changes with the compiler and the libraries as kvshim does.
void MeasureReference();

// get, list-row, count.
void MeasureReads(ServedStore& served);

// put, guarded-create, guarded-update: of 64 that share a commit, all but the database.
// guarded-update-alone: each in a commit of its own.
void MeasureWrites(ServedStore& served);

// append-row: of 64 in one transaction of SQLite, with their hash. append-alone: of one. load-row:
// closing a store and opening it again.
void MeasureLog();

// event: of a burst, delivered to one of many watchers of a prefix. match: a change, among 10,000
// watchers of other keys. Nothing may be written to the store afterwards.
void MeasureWatches(ServedStore& served);

// call: what HTTP/2 and gRPC cost for a call that is answered with 1 KiB.
void MeasureCalls();

}  // namespace kvshim::guard
