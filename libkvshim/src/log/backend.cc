#include "log/backend.h"

#include <cstdint>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "log/chain.h"
#include "log/format.h"
#include "log/projection.h"
#include "sql/mysql/database.h"
#include "sql/postgres/database.h"
#include "sql/sqlite/database.h"

namespace kvshim::log {

using base::Concat;

absl::StatusOr<std::unique_ptr<sql::Database>> OpenBackend(const sql::Dsn& dsn,
                                                           sql::DatabaseOptions options) {
  if (dsn.scheme == sql::kSqliteScheme) return sql::sqlite::Open(dsn, std::move(options));
  if (dsn.scheme == "postgres" || dsn.scheme == "postgresql") {
    return sql::postgres::Open(dsn, std::move(options));
  }
  if (dsn.scheme == "mysql") return sql::mysql::Open(dsn, std::move(options));
  return absl::InvalidArgumentError(Concat("the database's name begins with \"", dsn.scheme,
                                           "://\"; this build knows sqlite://PATH, "
                                           "postgres://USER:PASSWORD@HOST:PORT/DATABASE and "
                                           "mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE"));
}

absl::Status PrepareBackend(sql::Database& database) {
  ASSIGN_OR_RETURN(const Nonce nonce, RandomNonce());
  ASSIGN_OR_RETURN(const uint64_t cluster_id, RandomId());
  ASSIGN_OR_RETURN(const uint64_t member_id, RandomId());
  ASSIGN_OR_RETURN(const Nonce secret, RandomNonce());
  const Nonce none{};
  sql::Genesis genesis{.batch = {.seq = 1,
                                 .nonce = AsView(nonce),
                                 .prev = AsView(none),
                                 .epoch = 1,
                                 .first_revision = 2,
                                 .last_revision = 1,
                                 .min_reader = kFormat,
                                 .min_writer = kFormat},
                       .meta = IdentityMeta({cluster_id, member_id, std::string(AsView(secret))})};
  ChainHasher hasher;
  hasher.Begin(Hash{}, genesis.batch);
  const Hash hash = hasher.Finish();
  genesis.batch.hash = AsView(hash);
  return database.Prepare(genesis);
}

}  // namespace kvshim::log
