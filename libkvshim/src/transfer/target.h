// Target: an empty store that is filled, or one that an earlier run has filled in part.
//
// Thread safety: one thread at a time.
//
//   ASSIGN_OR_RETURN(auto target, OpenTarget("postgres://…", source->origin(), {}));
//   RETURN_IF_ERROR(target->Begin(inventory));
//   RETURN_IF_ERROR(source->Visit([&](const KeyValue& row) { return target->Add(row); }));
//   RETURN_IF_ERROR(target->Complete(inventory.revision));
//   // Compare target->ReadBack with the source, then:
//   RETURN_IF_ERROR(target->Publish());
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kvshim/key_value.h"
#include "sql/database.h"
#include "transfer/digest.h"
#include "transfer/source.h"

namespace kvshim::transfer {

class Target {
 public:
  virtual ~Target() = default;

  virtual const std::string& name() const = 0;
  // Whether an earlier run has been here.
  virtual bool resumed() const = 0;

  virtual absl::Status Begin(const Inventory& inventory) = 0;
  // Every row of the source; those that are there already are passed over.
  virtual absl::Status Add(const KeyValue& row) = 0;
  // After the last one: nothing waits to be written, and what the source has lost since an earlier
  // run is gone.
  virtual absl::Status Complete(int64_t revision) = 0;
  // What the target holds now, leases included; `on_row` is called with each row.
  virtual absl::StatusOr<Digest> ReadBack(const std::function<void(const KeyValue&)>& on_row) = 0;
  // From now on it is a store like any other.
  virtual absl::Status Publish() = 0;
};

// What the target with this name can keep.
Digest::Of Keeps(const std::string& name);

// Refuses a store that holds anything but an unfinished copy of the source `origin`. Databases are
// made where there are none.
absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const std::string& name,
                                                   const std::string& origin,
                                                   const sql::NetworkOptions& network);

}  // namespace kvshim::transfer
