// A live etcd as a source, by its API: every key as it was at one revision, with the revisions and
// the version that etcd gives. History is not offered by the API. Leases keep their ids.
//
// Thread safety: as Source.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "transfer/source.h"

namespace kvshim::transfer {

absl::StatusOr<std::unique_ptr<Source>> OpenEtcdSource(const std::string& name,
                                                       const SourceOptions& options);

}  // namespace kvshim::transfer
