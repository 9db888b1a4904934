// Sessions that are ready for use: with a server that takes writes, set as the log needs it.
//
// Thread safety: SessionTraits may be shared by all threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "sql/mysql/connection.h"
#include "sql/mysql/options.h"

namespace kvshim::sql::mysql {

// What all sessions of a database learn from each other.
struct SessionTraits {
  std::atomic<size_t> host{0};      // of Options::hosts: the one that took us in last
  std::atomic<size_t> password{0};  // of Options::passwords
  base::Mutex mutex;
  std::string server GUARDED_BY(mutex);  // its identity
};

enum class Role {
  kReader,    // sees what was committed before it asks, in a Galera cluster too
  kAppender,  // does not wait for that: the guard of an append tells
};

// Tries the hosts in turn, beginning with the one that was good last.
absl::StatusOr<std::unique_ptr<Connection>> OpenSession(const Options& options,
                                                        SessionTraits& traits, Role role);

// Makes the database that `options` names where the server has none.
absl::Status PrepareDatabase(const Options& options, SessionTraits& traits);

}  // namespace kvshim::sql::mysql
