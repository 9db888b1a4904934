#include "write_calls.h"

#include <utility>

#include "base/status.h"
#include "connections.h"
#include "keyspace.h"

namespace kvshim::bench {
namespace {

grpc::ByteBuffer Guarded(etcdserverpb::TxnRequest& request, const std::string& key,
                         int64_t revision) {
  request.mutable_compare(0)->set_key(key);
  request.mutable_compare(0)->set_mod_revision(revision);
  request.mutable_success(0)->mutable_request_put()->set_key(key);
  // As a Kubernetes API server asks: an update that fails wants to see what is there.
  request.clear_failure();
  if (revision > 0) request.add_failure()->mutable_request_range()->set_key(key);
  return Serialize(request);
}

absl::Status CheckGuarded(grpc::ByteBuffer& bytes, etcdserverpb::TxnResponse& reply) {
  RETURN_IF_ERROR(Parse(bytes, &reply));
  if (!reply.succeeded()) return absl::AbortedError("a guard failed that nothing could break");
  return absl::OkStatus();
}

}  // namespace

etcdserverpb::PutRequest* SetUpGuarded(etcdserverpb::TxnRequest& request, size_t value_size) {
  auto* compare = request.add_compare();
  compare->set_result(etcdserverpb::Compare::EQUAL);
  compare->set_target(etcdserverpb::Compare::MOD);
  compare->set_mod_revision(0);
  auto* put = request.add_success()->mutable_request_put();
  put->set_value(ValueOf(value_size));
  return put;
}

GuardedCreateCalls::GuardedCreateCalls(std::string prefix, size_t value_size)
    : prefix_(std::move(prefix)) {
  SetUpGuarded(request_, value_size);
}

const char* GuardedCreateCalls::method() const { return kTxn; }

grpc::ByteBuffer GuardedCreateCalls::Next(int) {
  return Guarded(request_, KeyOf(prefix_, next_++), 0);
}

absl::Status GuardedCreateCalls::Check(int, grpc::ByteBuffer& reply) {
  return CheckGuarded(reply, reply_);
}

GuardedUpdateCalls::GuardedUpdateCalls(std::string prefix, int clients, size_t value_size)
    : prefix_(std::move(prefix)),
      clients_(static_cast<size_t>(clients), {std::vector<int64_t>(kKeysPerClient)}) {
  SetUpGuarded(request_, value_size);
}

const char* GuardedUpdateCalls::method() const { return kTxn; }

grpc::ByteBuffer GuardedUpdateCalls::Next(int client) {
  Client& own = clients_[static_cast<size_t>(client)];
  own.current = (own.current + 1) % kKeysPerClient;
  const int64_t number = int64_t{client} * kKeysPerClient + static_cast<int64_t>(own.current);
  return Guarded(request_, KeyOf(prefix_, number), own.revisions[own.current]);
}

absl::Status GuardedUpdateCalls::Check(int client, grpc::ByteBuffer& reply) {
  RETURN_IF_ERROR(CheckGuarded(reply, reply_));
  Client& own = clients_[static_cast<size_t>(client)];
  own.revisions[own.current] = reply_.header().revision();
  return absl::OkStatus();
}

PutCalls::PutCalls(std::string prefix, size_t value_size) : prefix_(std::move(prefix)) {
  request_.set_value(ValueOf(value_size));
}

const char* PutCalls::method() const { return kPut; }

grpc::ByteBuffer PutCalls::Next(int) {
  constexpr int64_t kKeys = 1024;
  request_.set_key(KeyOf(prefix_, next_++ % kKeys));
  return Serialize(request_);
}

absl::Status PutCalls::Check(int, grpc::ByteBuffer& reply) {
  // A reply holds a header at least.
  if (reply.Length() == 0) return absl::InternalError("the reply to a put is empty");
  return absl::OkStatus();
}

}  // namespace kvshim::bench
