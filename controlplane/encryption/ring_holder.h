// RingHolder: the cluster's key ring as this server knows it. It lies in the store, sealed with the
// cluster's password (cluster/seal.h), under one key:
//
//   /encryption/secrets
//
// Where the store holds none, the ring is empty and nothing is encrypted.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "encryption/key_ring.h"
#include "kvshim/store.h"

namespace kvplane::encryption {

// Where the ring lies: a write that is made with a ring is guarded by that key's revision.
inline constexpr char kRingKey[] = "/encryption/secrets";

struct HeldRing {
  KeyRing ring;
  int64_t revision = 0;  // of kRingKey's last change; 0: there is none
};

class RingHolder {
 public:
  // `store` must outlive it.
  RingHolder(kvshim::Store& store, std::string password)
      : store_(store), password_(std::move(password)) {}

  std::shared_ptr<const HeldRing> Current() const;

  // Reads it anew, without waiting: `done` may be called on a thread of the store.
  void Reload(std::function<void(absl::Status)> done);
  absl::Status Reload();

  // Writes another in the place of `expected`; kAborted where it is no longer what is there.
  absl::Status Replace(const HeldRing& expected, const KeyRing& ring);

 private:
  absl::Status Take(const kvshim::RangeResponse& response);

  kvshim::Store& store_;
  const std::string password_;
  mutable kvshim::base::Mutex mutex_;
  std::shared_ptr<const HeldRing> held_ GUARDED_BY(mutex_) = std::make_shared<HeldRing>();
};

}  // namespace kvplane::encryption
