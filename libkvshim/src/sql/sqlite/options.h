// Options: what a sqlite:// DSN asks for.
//
// Thread safety: a value.
//
//   sqlite://PATH?synchronous=full&wal_limit=32MiB&cache_size=4MiB&mmap_size=0&busy_timeout=5s
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "sql/dsn.h"

namespace kvshim::sql::sqlite {

enum class Synchronous { kOff = 0, kNormal = 1, kFull = 2, kExtra = 3 };

struct Options {
  std::string path;
  // full: a commit is on the device before it is answered. normal and off: a power failure may
  // take answered commits back (never the consistency with normal; with off that too).
  Synchronous synchronous = Synchronous::kFull;
  int64_t wal_limit = int64_t{32} << 20;         // bytes of write-ahead log that start a checkpoint
  int64_t cache_size = int64_t{4} << 20;         // bytes of page cache of the writing connection
  int64_t mmap_size = 0;                         // bytes of the file mapped for reading; 0: none
  std::chrono::milliseconds busy_timeout{5000};  // how long to wait for another program's lock
  int64_t readers = 2;                           // connections for exact reads

  static absl::StatusOr<Options> FromDsn(const Dsn& dsn);
};

}  // namespace kvshim::sql::sqlite
