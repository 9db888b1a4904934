// KnownHead: how far a shared database's history was known to go, kept in a small file of this
// server, so that a restart notices where the database has lost its end: a failover to a replica
// that lagged behind, an old backup put in place. Without it a restarted server would take the
// shorter history for the truth, and use revisions again that clients have seen. The database
// server's lineage is kept with it, so that a primary that was replaced is not taken for the right
// one, though all that was known is there.
//
// The file is written aside and renamed: about once a second while there is news, when the database
// goes away, and at the end. What it misses by a crash makes it older, never wrong.
//
// Thread safety: Note and Keep by one thread; IsFresh by any; the rest before that.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "log/head.h"
#include "sql/lineage.h"

namespace kvshim::store {

class KnownHead {
 public:
  struct Mark {
    int64_t epoch = 0;
    int64_t seq = 0;
    int64_t revision = 0;
    log::Nonce nonce{};
    sql::Lineage lineage;  // where it is known
    bool operator==(const Mark&) const = default;
  };

  // The file of this cluster in `directory`, which is made where it is missing. An empty directory:
  // nothing is kept. One that cannot be used is warned of, and nothing is kept. `lineage` tells the
  // database's.
  KnownHead(const std::string& directory, uint64_t cluster_id,
            std::function<sql::Lineage()> lineage);

  const std::string& path() const { return path_; }
  // What was kept; nullopt where there is nothing.
  const std::optional<Mark>& mark() const { return mark_; }

  // The database holds this.
  void Note(const log::Head& head);
  // It held this: written at once, as the database is going away, or this server is.
  void Keep(const log::Head& head);
  // Whether the last Note was a moment ago.
  bool IsFresh() const;

 private:
  const std::function<sql::Lineage()> lineage_;
  std::string path_;  // empty: nothing is kept
  std::optional<Mark> mark_;
  base::TimePoint written_;
  std::atomic<base::TimePoint> noted_{};
};

}  // namespace kvshim::store
