// What every Store has: how one is opened, and the blocking conveniences.

#include "kvshim/store.h"

#include <unistd.h>

#include <cstdlib>
#include <future>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "store/engine.h"

namespace kvshim {
namespace {

// Starts an operation with a callback and waits for it.
template <typename Response, typename Start>
absl::StatusOr<Response> Await(Start start) {
  std::promise<absl::StatusOr<Response>> promise;
  start([&](absl::StatusOr<Response> response) { promise.set_value(std::move(response)); });
  return promise.get_future().get();
}

}  // namespace

void EndProcess(const absl::Status& status) {
  base::Log(base::Level::kError, "the store cannot go on; the process ends", {{"error", status}});
  _exit(1);
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& dsn,
                                                   const StoreOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Engine> engine, store::Engine::Open(dsn, options));
  return engine;
}

absl::StatusOr<RangeResponse> Store::Range(RangeRequest request) {
  return Await<RangeResponse>([&](auto done) { Range(std::move(request), std::move(done)); });
}
absl::StatusOr<PutResponse> Store::Put(PutRequest request) {
  return Await<PutResponse>([&](auto done) { Put(std::move(request), std::move(done)); });
}
absl::StatusOr<DeleteRangeResponse> Store::DeleteRange(DeleteRangeRequest request) {
  return Await<DeleteRangeResponse>(
      [&](auto done) { DeleteRange(std::move(request), std::move(done)); });
}
absl::StatusOr<TxnResponse> Store::Txn(TxnRequest request) {
  return Await<TxnResponse>([&](auto done) { Txn(std::move(request), std::move(done)); });
}
absl::StatusOr<CompactResponse> Store::Compact(CompactRequest request) {
  return Await<CompactResponse>([&](auto done) { Compact(request, std::move(done)); });
}
absl::StatusOr<LeaseGrantResponse> Store::LeaseGrant(LeaseGrantRequest request) {
  return Await<LeaseGrantResponse>([&](auto done) { LeaseGrant(request, std::move(done)); });
}
absl::StatusOr<LeaseRevokeResponse> Store::LeaseRevoke(LeaseId id) {
  return Await<LeaseRevokeResponse>([&](auto done) { LeaseRevoke(id, std::move(done)); });
}
absl::StatusOr<LeaseKeepAliveResponse> Store::LeaseKeepAlive(LeaseId id) {
  return Await<LeaseKeepAliveResponse>([&](auto done) { LeaseKeepAlive(id, std::move(done)); });
}
absl::StatusOr<LeaseTimeToLiveResponse> Store::LeaseTimeToLive(LeaseId id, bool keys) {
  return Await<LeaseTimeToLiveResponse>(
      [&](auto done) { LeaseTimeToLive(id, keys, std::move(done)); });
}

}  // namespace kvshim
