#include "encryption/encrypted_store.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/logger.h"
#include "base/status.h"

namespace kvplane::encryption {
namespace {

using kvshim::Callback;
using kvshim::KeyValue;
using kvshim::PutRequest;
using kvshim::RequestOp;
using kvshim::ResponseOp;
using kvshim::TxnRequest;
using kvshim::TxnResponse;

// How often a write is made again because the ring was changed under it.
constexpr int kTries = 5;

bool IsSecret(std::string_view key) { return key.starts_with(kSecretsPrefix); }

absl::Status Decrypt(const KeyRing& ring, KeyValue& kv) {
  if (!kv || !IsSecret(kv.key()) || !IsEncrypted(kv.value())) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string plain, ring.Decrypt(kv.key(), kv.value()));
  kv = KeyValue::Make({.key = kv.key(),
                       .value = plain,
                       .create_revision = kv.create_revision(),
                       .mod_revision = kv.mod_revision(),
                       .version = kv.version(),
                       .lease = kv.lease(),
                       .sub = kv.sub()});
  return absl::OkStatus();
}

absl::Status Decrypt(const KeyRing& ring, std::vector<KeyValue>& kvs) {
  for (KeyValue& kv : kvs) RETURN_IF_ERROR(Decrypt(ring, kv));
  return absl::OkStatus();
}
absl::Status Decrypt(const KeyRing& ring, kvshim::RangeResponse& response) {
  return Decrypt(ring, response.kvs);
}
absl::Status Decrypt(const KeyRing& ring, kvshim::PutResponse& response) {
  return Decrypt(ring, response.prev_kv);
}
absl::Status Decrypt(const KeyRing& ring, kvshim::DeleteRangeResponse& response) {
  return Decrypt(ring, response.prev_kvs);
}
absl::Status Decrypt(const KeyRing&, std::monostate&) { return absl::OkStatus(); }
absl::Status Decrypt(const KeyRing& ring, TxnResponse& response) {
  for (ResponseOp& op : response.responses) {
    RETURN_IF_ERROR(std::visit(
        [&](auto& one) {
          if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::unique_ptr<TxnResponse>>) {
            return Decrypt(ring, *one);
          } else {
            return Decrypt(ring, one);
          }
        },
        op));
  }
  return absl::OkStatus();
}

bool WritesSecrets(const TxnRequest& request);
bool WritesSecrets(const std::vector<RequestOp>& ops) {
  return std::ranges::any_of(ops, [](const RequestOp& op) {
    if (const auto* put = std::get_if<PutRequest>(&op)) return IsSecret(put->key);
    const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op);
    return txn != nullptr && WritesSecrets(**txn);
  });
}
bool WritesSecrets(const TxnRequest& request) {
  return WritesSecrets(request.success) || WritesSecrets(request.failure);
}

absl::StatusOr<TxnRequest> Sealed(const KeyRing& ring, const TxnRequest& request);
absl::Status Seal(const KeyRing& ring, const std::vector<RequestOp>& from,
                  std::vector<RequestOp>& to) {
  for (const RequestOp& op : from) {
    if (const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
      ASSIGN_OR_RETURN(TxnRequest inner, Sealed(ring, **txn));
      to.emplace_back(std::make_unique<TxnRequest>(std::move(inner)));
    } else if (const auto* put = std::get_if<PutRequest>(&op)) {
      PutRequest& copy = std::get<PutRequest>(to.emplace_back(*put));
      if (!IsSecret(put->key) || put->ignore_value) continue;
      ASSIGN_OR_RETURN(copy.value, ring.Encrypt(put->key, put->value));
    } else if (const auto* range = std::get_if<kvshim::RangeRequest>(&op)) {
      to.emplace_back(*range);
    } else if (const auto* remove = std::get_if<kvshim::DeleteRangeRequest>(&op)) {
      to.emplace_back(*remove);
    } else {
      to.emplace_back();
    }
  }
  return absl::OkStatus();
}
absl::StatusOr<TxnRequest> Sealed(const KeyRing& ring, const TxnRequest& request) {
  TxnRequest sealed{.compare = request.compare};
  RETURN_IF_ERROR(Seal(ring, request.success, sealed.success));
  RETURN_IF_ERROR(Seal(ring, request.failure, sealed.failure));
  return sealed;
}

}  // namespace

template <typename Response>
void EncryptedStore::Finish(absl::StatusOr<Response> response, Callback<Response> done) {
  if (!response.ok()) return done(std::move(response));
  const absl::Status opened = Decrypt(rings_.Current()->ring, *response);
  if (opened.ok()) return done(std::move(response));
  if (!absl::IsNotFound(opened)) return done(opened);
  // std::function wants what can be copied.
  auto waiting = std::make_shared<std::pair<Response, Callback<Response>>>(*std::move(response),
                                                                           std::move(done));
  rings_.Reload([this, waiting](absl::Status status) {
    if (status.ok()) status = Decrypt(rings_.Current()->ring, waiting->first);
    if (absl::IsNotFound(status)) status = absl::DataLossError(status.message());
    if (!status.ok()) return waiting->second(status);
    waiting->second(std::move(waiting->first));
  });
}

template <typename Response>
Callback<Response> EncryptedStore::Finishing(Callback<Response> done) {
  return [this, done = std::move(done)](absl::StatusOr<Response> response) mutable {
    Finish(std::move(response), std::move(done));
  };
}

void EncryptedStore::Range(kvshim::RangeRequest request, Callback<kvshim::RangeResponse> done) {
  below_.Range(std::move(request), Finishing(std::move(done)));
}

void EncryptedStore::Put(PutRequest request, Callback<kvshim::PutResponse> done) {
  if (!IsSecret(request.key)) return below_.Put(std::move(request), std::move(done));
  TxnRequest txn;
  txn.success.emplace_back(std::move(request));
  Txn(std::move(txn), [done = std::move(done)](absl::StatusOr<TxnResponse> response) mutable {
    if (!response.ok()) return done(response.status());
    auto& put = std::get<kvshim::PutResponse>(response->responses.front());
    put.revision = response->revision;
    done(std::move(put));
  });
}

void EncryptedStore::DeleteRange(kvshim::DeleteRangeRequest request,
                                 Callback<kvshim::DeleteRangeResponse> done) {
  below_.DeleteRange(std::move(request), Finishing(std::move(done)));
}

void EncryptedStore::Txn(TxnRequest request, Callback<TxnResponse> done) {
  if (!WritesSecrets(request)) return below_.Txn(std::move(request), Finishing(std::move(done)));
  Guarded(std::make_shared<const TxnRequest>(std::move(request)), std::move(done), kTries);
}

void EncryptedStore::Guarded(std::shared_ptr<const TxnRequest> request, Callback<TxnResponse> done,
                             int tries) {
  const std::shared_ptr<const HeldRing> held = rings_.Current();
  absl::StatusOr<TxnRequest> sealed = Sealed(held->ring, *request);
  if (!sealed.ok()) return done(sealed.status());
  TxnRequest guarded;
  guarded.compare.push_back(
      {.target = kvshim::CompareTarget::kMod, .key = kRingKey, .number = held->revision});
  guarded.success.emplace_back(std::make_unique<TxnRequest>(*std::move(sealed)));
  below_.Txn(std::move(guarded), [this, request = std::move(request), done = std::move(done),
                                  tries](absl::StatusOr<TxnResponse> response) mutable {
    if (!response.ok()) return done(std::move(response));
    if (response->succeeded) {
      TxnResponse inner =
          std::move(*std::get<std::unique_ptr<TxnResponse>>(response->responses.front()));
      inner.revision = response->revision;
      return Finish(absl::StatusOr<TxnResponse>(std::move(inner)), std::move(done));
    }
    if (tries == 1) {
      return done(absl::UnavailableError("the keys of the secrets' encryption are being changed"));
    }
    auto again = std::make_shared<Callback<TxnResponse>>(std::move(done));
    rings_.Reload([this, request = std::move(request), again, tries](const absl::Status& status) {
      if (!status.ok()) return (*again)(status);
      Guarded(request, std::move(*again), tries - 1);
    });
  });
}

absl::StatusOr<std::unique_ptr<kvshim::Watch>> EncryptedStore::StartWatch(
    kvshim::WatchRequest request, std::function<void(const kvshim::WatchResponse&)> observer) {
  return below_.StartWatch(std::move(request), [this, observer = std::move(observer)](
                                                   const kvshim::WatchResponse& response) {
    const auto encrypted = [](const KeyValue& kv) {
      return kv && IsSecret(kv.key()) && IsEncrypted(kv.value());
    };
    const bool any = std::ranges::any_of(response.events, [&](const auto& event) {
      return encrypted(event.kv) || encrypted(event.prev_kv);
    });
    if (!any) return observer(response);
    kvshim::WatchResponse opened = response;
    for (kvshim::WatchEvent& event : opened.events) {
      for (KeyValue* kv : {&event.kv, &event.prev_kv}) {
        absl::Status status = Decrypt(rings_.Current()->ring, *kv);
        if (absl::IsNotFound(status)) {
          status = rings_.Reload();
          if (status.ok()) status = Decrypt(rings_.Current()->ring, *kv);
        }
        if (status.ok()) continue;
        // Passed on as it is, so that the others are told: who reads it finds no object.
        kvshim::base::Log(kvshim::base::Level::kError, "a secret cannot be decrypted",
                          {{"error", status}});
      }
    }
    observer(opened);
  });
}

}  // namespace kvplane::encryption
