#include "write_calls.h"

#include <utility>

#include "base/status.h"
#include "connections.h"
#include "keyspace.h"

namespace kvshim::bench {
namespace {

const char* Guarded(etcdserverpb::TxnRequest& txn, const std::string& key, int64_t revision,
                    std::string& request) {
  txn.mutable_compare(0)->set_key(key);
  txn.mutable_compare(0)->set_mod_revision(revision);
  txn.mutable_success(0)->mutable_request_put()->set_key(key);
  // As a Kubernetes API server asks: an update that fails wants to see what is there.
  txn.clear_failure();
  if (revision > 0) txn.add_failure()->mutable_request_range()->set_key(key);
  txn.SerializeToString(&request);
  return kTxn;
}

absl::Status CheckGuarded(const Reply& bytes, etcdserverpb::TxnResponse& reply) {
  RETURN_IF_ERROR(Parse(bytes, &reply));
  if (!reply.succeeded()) return absl::AbortedError("a guard failed that nothing could break");
  return absl::OkStatus();
}

absl::Status CheckAnswered(const Reply& reply) {
  // A reply holds a header at least.
  if (reply.size == 0) return absl::InternalError("the reply to a put is empty");
  return absl::OkStatus();
}

void SetUpCompare(etcdserverpb::TxnRequest& request) {
  auto* compare = request.add_compare();
  compare->set_result(etcdserverpb::Compare::EQUAL);
  compare->set_target(etcdserverpb::Compare::MOD);
  compare->set_mod_revision(0);
}

}  // namespace

etcdserverpb::PutRequest* SetUpGuarded(etcdserverpb::TxnRequest& request, size_t value_size) {
  SetUpCompare(request);
  auto* put = request.add_success()->mutable_request_put();
  put->set_value(ValueOf(value_size));
  return put;
}

GuardedCreateCalls::GuardedCreateCalls(std::string prefix, size_t value_size)
    : prefix_(std::move(prefix)) {
  SetUpGuarded(request_, value_size);
}

const char* GuardedCreateCalls::Next(int, std::string& request) {
  return Guarded(request_, KeyOf(prefix_, next_++), 0, request);
}

absl::Status GuardedCreateCalls::Check(int, const Reply& reply) {
  return CheckGuarded(reply, reply_);
}

GuardedUpdateCalls::GuardedUpdateCalls(std::string prefix, int clients, size_t value_size)
    : prefix_(std::move(prefix)),
      clients_(static_cast<size_t>(clients), {std::vector<int64_t>(kKeysPerClient)}) {
  SetUpGuarded(request_, value_size);
}

const char* GuardedUpdateCalls::Next(int client, std::string& request) {
  Client& own = clients_[static_cast<size_t>(client)];
  own.current = (own.current + 1) % kKeysPerClient;
  const int64_t number = int64_t{client} * kKeysPerClient + static_cast<int64_t>(own.current);
  return Guarded(request_, KeyOf(prefix_, number), own.revisions[own.current], request);
}

absl::Status GuardedUpdateCalls::Check(int client, const Reply& reply) {
  RETURN_IF_ERROR(CheckGuarded(reply, reply_));
  Client& own = clients_[static_cast<size_t>(client)];
  own.revisions[own.current] = reply_.header().revision();
  return absl::OkStatus();
}

GuardedDeleteCalls::GuardedDeleteCalls(std::string prefix, int clients, size_t value_size)
    : prefix_(std::move(prefix)), revisions_(static_cast<size_t>(clients)) {
  SetUpGuarded(create_, value_size);
  SetUpCompare(delete_);
  delete_.add_success()->mutable_request_delete_range();
  delete_.add_failure()->mutable_request_range();
}

const char* GuardedDeleteCalls::Next(int client, std::string& request) {
  const std::string key = KeyOf(prefix_, client);
  const int64_t revision = revisions_[static_cast<size_t>(client)];
  if (revision == 0) return Guarded(create_, key, 0, request);
  delete_.mutable_compare(0)->set_key(key);
  delete_.mutable_compare(0)->set_mod_revision(revision);
  delete_.mutable_success(0)->mutable_request_delete_range()->set_key(key);
  delete_.mutable_failure(0)->mutable_request_range()->set_key(key);
  delete_.SerializeToString(&request);
  return kTxn;
}

absl::Status GuardedDeleteCalls::Check(int client, const Reply& reply) {
  RETURN_IF_ERROR(CheckGuarded(reply, reply_));
  int64_t& revision = revisions_[static_cast<size_t>(client)];
  revision = revision == 0 ? reply_.header().revision() : 0;
  return absl::OkStatus();
}

PutCalls::PutCalls(std::string prefix, size_t value_size, int64_t keys)
    : prefix_(std::move(prefix)), keys_(keys) {
  request_.set_value(ValueOf(value_size));
}

const char* PutCalls::Next(int, std::string& request) {
  request_.set_key(KeyOf(prefix_, next_++ % keys_));
  request_.SerializeToString(&request);
  return kPut;
}

absl::Status PutCalls::Check(int, const Reply& reply) { return CheckAnswered(reply); }

FillCalls::FillCalls(std::string prefix, int64_t count, size_t value_size)
    : prefix_(std::move(prefix)), count_(count) {
  for (int64_t i = 0; i < std::min(count_, kPerRequest); ++i) {
    request_.add_success()->mutable_request_put()->set_value(ValueOf(value_size));
  }
}

const char* FillCalls::Next(int, std::string& request) {
  for (auto& operation : *request_.mutable_success()) {
    operation.mutable_request_put()->set_key(KeyOf(prefix_, next_));
    next_ = (next_ + 1) % count_;
  }
  request_.SerializeToString(&request);
  return kTxn;
}

absl::Status FillCalls::Check(int, const Reply& reply) { return CheckAnswered(reply); }

}  // namespace kvshim::bench
