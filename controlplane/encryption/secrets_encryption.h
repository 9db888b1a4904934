// SecretsEncryption: secrets encrypted at rest, and what an operator does about it.
//
// The keys are made when a server with --secrets-encryption first comes to the datastore, and lie
// there sealed beside the authorities, so that every server has them. From then on what is written
// is encrypted; what was written before stays as it is, and can be read, until Reencrypt.
//
// Thread safety: every method may be called from any thread that may wait for the store.
//
//   ASSIGN_OR_RETURN(auto encryption, SecretsEncryption::Open(*database, password, true));
//   Registry::Open(encryption->store(), {});
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "encryption/encrypted_store.h"
#include "encryption/ring_holder.h"
#include "kvshim/store.h"

namespace kvplane::encryption {

struct EncryptionStatus {
  bool has_keys = false;  // --secrets-encryption was ever given
  bool enabled = false;
  std::vector<std::string> keys;  // their names; the first is the one that is written with
  // Secrets as they are stored: as they would be written now, or in another way.
  int64_t current = 0;
  int64_t stale = 0;
};

class SecretsEncryption {
 public:
  // `wanted`: --secrets-encryption was given. kFailedPrecondition where it was not and the cluster
  // encrypts. `store` must outlive it.
  static absl::StatusOr<std::unique_ptr<SecretsEncryption>> Open(kvshim::Store& store,
                                                                 std::string password, bool wanted);

  EncryptedStore& store() { return encrypted_; }

  absl::StatusOr<EncryptionStatus> Status();
  // kFailedPrecondition where there are no keys. What is stored stays as it is until Reencrypt.
  absl::Status Enable() { return SetEnabled(true); }
  absl::Status Disable() { return SetEnabled(false); }
  // Writes every secret that is not as it would be written now. Others may write meanwhile.
  absl::Status Reencrypt();
  // Makes a new key, and writes every secret with it. The key before is kept for reading, as the
  // store's history has it for a while; older ones are forgotten.
  absl::Status RotateKeys();

 private:
  SecretsEncryption(kvshim::Store& store, std::string password)
      : below_(store), rings_(store, std::move(password)), encrypted_(store, rings_) {}

  absl::Status SetEnabled(bool enabled);
  absl::StatusOr<std::shared_ptr<const HeldRing>> Keys();
  // As they are stored.
  absl::Status VisitStored(const std::function<absl::Status(const kvshim::KeyValue&)>& visit);

  kvshim::Store& below_;
  RingHolder rings_;
  EncryptedStore encrypted_;
};

}  // namespace kvplane::encryption
