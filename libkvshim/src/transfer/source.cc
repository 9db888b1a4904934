#include "transfer/source.h"

#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "transfer/etcd_source.h"
#include "transfer/kine_source.h"
#include "transfer/log_source.h"
#include "transfer/table_reader.h"

namespace kvshim::transfer {

bool IsEtcd(const std::string& name) {
  return name.starts_with("http://") || name.starts_with("https://");
}

absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& name,
                                                   const SourceOptions& options) {
  if (IsEtcd(name)) return OpenEtcdSource(name, options);
  ASSIGN_OR_RETURN(const sql::Dsn dsn, sql::Dsn::Parse(name));
  ASSIGN_OR_RETURN(auto reader, TableReader::Open(dsn, options.network));
  ASSIGN_OR_RETURN(const bool ours, reader->HasTable("kv_batch"));
  ASSIGN_OR_RETURN(const bool kine, reader->HasTable("kine"));
  if (kine && (!ours || options.prefer_kine)) return OpenKineSource(std::move(reader));
  if (!ours) {
    return absl::FailedPreconditionError(base::Concat("the database ", reader->name(),
                                                      " is neither kvshim's nor kine's: it has no "
                                                      "table kv_batch and no table kine"));
  }
  reader.reset();
  return OpenLogSource(dsn, options);
}

}  // namespace kvshim::transfer
