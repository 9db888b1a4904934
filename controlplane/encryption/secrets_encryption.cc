#include "encryption/secrets_encryption.h"

#include <utility>

#include "base/logger.h"
#include "base/status.h"

namespace kvplane::encryption {
namespace {

constexpr int64_t kPage = 200;
// Of the keys before the one that is written with.
constexpr size_t kKeptKeys = 1;

}  // namespace

absl::StatusOr<std::unique_ptr<SecretsEncryption>> SecretsEncryption::Open(kvshim::Store& store,
                                                                           std::string password,
                                                                           bool wanted) {
  std::unique_ptr<SecretsEncryption> made(new SecretsEncryption(store, std::move(password)));
  RingHolder& rings = made->rings_;
  RETURN_IF_ERROR(rings.Reload());
  if (wanted && rings.Current()->revision == 0) {
    ASSIGN_OR_RETURN(KeyRing ring, KeyRing{.enabled = true}.Rotated(0));
    const absl::Status written = rings.Replace(*rings.Current(), ring);
    if (written.ok()) {
      kvshim::base::Log(kvshim::base::Level::kInfo, "secrets are encrypted from now on",
                        {{"key", ring.keys.front().name}});
    } else if (!absl::IsAborted(written)) {  // else another server was first, with its own
      return written;
    }
  }
  if (!wanted && rings.Current()->ring.enabled) {
    return absl::FailedPreconditionError(
        "--secrets-encryption: this cluster encrypts its secrets; all its servers need the flag: "
        "give --secrets-encryption, or turn it off for the cluster with kvplane secrets-encrypt "
        "disable");
  }
  return made;
}

absl::StatusOr<std::shared_ptr<const HeldRing>> SecretsEncryption::Keys() {
  RETURN_IF_ERROR(rings_.Reload());
  std::shared_ptr<const HeldRing> held = rings_.Current();
  if (held->revision != 0) return held;
  return absl::FailedPreconditionError(
      "this cluster has no keys to encrypt with; start its servers with --secrets-encryption");
}

absl::Status SecretsEncryption::VisitStored(
    const std::function<absl::Status(const kvshim::KeyValue&)>& visit) {
  std::string from = kSecretsPrefix;
  while (true) {
    ASSIGN_OR_RETURN(
        const kvshim::RangeResponse page,
        below_.Range(kvshim::RangeRequest{.key = from, .range_end = kSecretsEnd, .limit = kPage}));
    for (const kvshim::KeyValue& kv : page.kvs) RETURN_IF_ERROR(visit(kv));
    if (!page.more || page.kvs.empty()) return absl::OkStatus();
    from = page.kvs.back().key();
    from.push_back('\0');
  }
}

absl::StatusOr<EncryptionStatus> SecretsEncryption::Status() {
  RETURN_IF_ERROR(rings_.Reload());
  const std::shared_ptr<const HeldRing> held = rings_.Current();
  EncryptionStatus status{.has_keys = held->revision != 0, .enabled = held->ring.enabled};
  for (const DataKey& one : held->ring.keys) status.keys.push_back(one.name);
  RETURN_IF_ERROR(VisitStored([&](const kvshim::KeyValue& kv) {
    ++(held->ring.IsCurrent(kv.value()) ? status.current : status.stale);
    return absl::OkStatus();
  }));
  return status;
}

absl::Status SecretsEncryption::SetEnabled(bool enabled) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const HeldRing> held, Keys());
  if (held->ring.enabled == enabled) return absl::OkStatus();
  KeyRing ring = held->ring;
  ring.enabled = enabled;
  return rings_.Replace(*held, ring);
}

absl::Status SecretsEncryption::Reencrypt() {
  ASSIGN_OR_RETURN(const std::shared_ptr<const HeldRing> held, Keys());
  return VisitStored([&](const kvshim::KeyValue& kv) -> absl::Status {
    if (held->ring.IsCurrent(kv.value())) return absl::OkStatus();
    ASSIGN_OR_RETURN(std::string plain, held->ring.Decrypt(kv.key(), kv.value()));
    kvshim::TxnRequest txn;
    txn.compare.push_back({.target = kvshim::CompareTarget::kMod,
                           .key = std::string(kv.key()),
                           .number = kv.mod_revision()});
    txn.success.emplace_back(kvshim::PutRequest{
        .key = std::string(kv.key()), .value = std::move(plain), .lease = kv.lease()});
    // Where the compare does not hold another has written it, as it is to be written now.
    return encrypted_.Txn(std::move(txn)).status();
  });
}

absl::Status SecretsEncryption::RotateKeys() {
  ASSIGN_OR_RETURN(const std::shared_ptr<const HeldRing> held, Keys());
  // While secrets are written anew all the keys that they may have are needed.
  ASSIGN_OR_RETURN(const KeyRing grown, held->ring.Rotated(held->ring.keys.size()));
  RETURN_IF_ERROR(rings_.Replace(*held, grown));
  RETURN_IF_ERROR(Reencrypt());
  const std::shared_ptr<const HeldRing> now = rings_.Current();
  KeyRing shrunk = now->ring;
  if (shrunk.keys.size() <= 1 + kKeptKeys) return absl::OkStatus();
  shrunk.keys.resize(1 + kKeptKeys);
  return rings_.Replace(*now, shrunk);
}

}  // namespace kvplane::encryption
