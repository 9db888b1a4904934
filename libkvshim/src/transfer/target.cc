#include "transfer/target.h"

#include "base/status.h"
#include "transfer/etcd_target.h"
#include "transfer/log_target.h"

namespace kvshim::transfer {

Digest::Of Keeps(const std::string& name) {
  return IsEtcd(name) ? Digest::Of::kValues : Digest::Of::kVersions;
}

absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const std::string& name,
                                                   const std::string& origin,
                                                   const sql::NetworkOptions& network) {
  if (IsEtcd(name)) return OpenEtcdTarget(name, origin, network);
  ASSIGN_OR_RETURN(const sql::Dsn dsn, sql::Dsn::Parse(name));
  return OpenLogTarget(dsn, origin, network);
}

}  // namespace kvshim::transfer
