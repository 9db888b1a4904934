// EncryptedStore: a store whose secrets are encrypted in the store below it. Whoever uses it sees
// them plain: what is written under /registry/secrets/ is encrypted on its way down, what is read
// or watched is decrypted on its way up. All else goes through as it is.
//
// A server learns of another's change of the key ring no later than it matters:
//   - A write that encrypts holds only while the ring is the one that it was made with: the
//     transaction is put inside of one that compares the ring's revision. Where it is not, the ring
//     is read anew and the write made again. So nothing is written with a key that was taken away,
//     or plain after encryption was turned on.
//   - A read that finds a key it does not know reads the ring anew, once.
//
// Values of secrets are not to be compared or sorted by: below they are other bytes.
//
// Thread safety: every method may be called from any thread.
//
//   EncryptedStore store(*database, rings);
//   Registry::Open(store, {});
#pragma once

#include <functional>
#include <memory>

#include "encryption/ring_holder.h"
#include "kvshim/store.h"

namespace kvplane::encryption {

// What is encrypted.
inline constexpr char kSecretsPrefix[] = "/registry/secrets/";
inline constexpr char kSecretsEnd[] = "/registry/secrets0";

class EncryptedStore : public kvshim::Store {
 public:
  // Both must outlive it.
  EncryptedStore(kvshim::Store& below, RingHolder& rings) : below_(below), rings_(rings) {}

  using kvshim::Store::Compact;
  using kvshim::Store::DeleteRange;
  using kvshim::Store::LeaseGrant;
  using kvshim::Store::LeaseKeepAlive;
  using kvshim::Store::LeaseRevoke;
  using kvshim::Store::LeaseTimeToLive;
  using kvshim::Store::Put;
  using kvshim::Store::Range;
  using kvshim::Store::Txn;

  void Range(kvshim::RangeRequest request, kvshim::Callback<kvshim::RangeResponse> done) override;
  void Put(kvshim::PutRequest request, kvshim::Callback<kvshim::PutResponse> done) override;
  void DeleteRange(kvshim::DeleteRangeRequest request,
                   kvshim::Callback<kvshim::DeleteRangeResponse> done) override;
  void Txn(kvshim::TxnRequest request, kvshim::Callback<kvshim::TxnResponse> done) override;
  absl::StatusOr<std::unique_ptr<kvshim::Watch>> StartWatch(
      kvshim::WatchRequest request,
      std::function<void(const kvshim::WatchResponse&)> observer) override;

  void Compact(kvshim::CompactRequest request,
               kvshim::Callback<kvshim::CompactResponse> done) override {
    below_.Compact(request, std::move(done));
  }
  void LeaseGrant(kvshim::LeaseGrantRequest request,
                  kvshim::Callback<kvshim::LeaseGrantResponse> done) override {
    below_.LeaseGrant(request, std::move(done));
  }
  void LeaseRevoke(kvshim::LeaseId id,
                   kvshim::Callback<kvshim::LeaseRevokeResponse> done) override {
    below_.LeaseRevoke(id, std::move(done));
  }
  void LeaseKeepAlive(kvshim::LeaseId id,
                      kvshim::Callback<kvshim::LeaseKeepAliveResponse> done) override {
    below_.LeaseKeepAlive(id, std::move(done));
  }
  void LeaseTimeToLive(kvshim::LeaseId id, bool keys,
                       kvshim::Callback<kvshim::LeaseTimeToLiveResponse> done) override {
    below_.LeaseTimeToLive(id, keys, std::move(done));
  }
  void LeaseLeases(kvshim::Callback<kvshim::LeaseLeasesResponse> done) override {
    below_.LeaseLeases(std::move(done));
  }
  kvshim::StoreStatus Status() override { return below_.Status(); }
  void Hash(int64_t revision, kvshim::Callback<kvshim::HashResult> done) override {
    below_.Hash(revision, std::move(done));
  }
  void Defragment(kvshim::Callback<bool> done) override { below_.Defragment(std::move(done)); }
  void SetAlarm(kvshim::Alarm alarm, kvshim::Callback<bool> done) override {
    below_.SetAlarm(alarm, std::move(done));
  }
  void ClearAlarm(kvshim::Alarm alarm, kvshim::Callback<bool> done) override {
    below_.ClearAlarm(alarm, std::move(done));
  }
  // As it is below: encrypted.
  void Snapshot(std::function<bool(const SnapshotPiece&)> sink,
                kvshim::Callback<bool> done) override {
    below_.Snapshot(std::move(sink), std::move(done));
  }

 private:
  // Decrypts what `response` holds and gives it on; reads the ring anew where it lacks a key.
  template <typename Response>
  void Finish(absl::StatusOr<Response> response, kvshim::Callback<Response> done);
  template <typename Response>
  kvshim::Callback<Response> Finishing(kvshim::Callback<Response> done);

  // The transaction with its secrets encrypted, if the ring stays what it is.
  void Guarded(std::shared_ptr<const kvshim::TxnRequest> request,
               kvshim::Callback<kvshim::TxnResponse> done, int tries);

  kvshim::Store& below_;
  RingHolder& rings_;
};

}  // namespace kvplane::encryption
