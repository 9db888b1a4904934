// Writes as Kubernetes does them, and plain ones. Every client writes its own keys, so that no
// guard fails: one that does is an error.
#pragma once

#include <string>
#include <vector>

#include "calls.h"
#include "rpc.pb.h"

namespace kvshim::bench {

// Makes an empty request one that puts a value of this size if its key is at a mod revision, which
// is 0: the key is not there. Returns the put; both keys are still to be set.
etcdserverpb::PutRequest* SetUpGuarded(etcdserverpb::TxnRequest& request, size_t value_size);

// If the key is not there (mod_revision = 0), put it.
class GuardedCreateCalls final : public Calls {
 public:
  // `prefix` must be empty.
  GuardedCreateCalls(std::string prefix, size_t value_size);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;

 private:
  const std::string prefix_;
  int64_t next_ = 0;
  etcdserverpb::TxnRequest request_;
  etcdserverpb::TxnResponse reply_;
};

// If the key is still at the revision last seen, put it.
class GuardedUpdateCalls final : public Calls {
 public:
  static constexpr int kKeysPerClient = 16;

  // `prefix` must be empty: the first write of each key creates it.
  GuardedUpdateCalls(std::string prefix, int clients, size_t value_size);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;

 private:
  struct Client {
    std::vector<int64_t> revisions;
    size_t current = 0;
  };

  const std::string prefix_;
  std::vector<Client> clients_;
  etcdserverpb::TxnRequest request_;
  etcdserverpb::TxnResponse reply_;
};

// If the key is still at the revision last seen, delete it; each client creates it and deletes it
// in turns, so that half of the operations are deletes.
class GuardedDeleteCalls final : public Calls {
 public:
  // `prefix` must be empty.
  GuardedDeleteCalls(std::string prefix, int clients, size_t value_size);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;

 private:
  const std::string prefix_;
  std::vector<int64_t> revisions_;  // of each client's key; 0: it is not there
  etcdserverpb::TxnRequest create_;
  etcdserverpb::TxnRequest delete_;
  etcdserverpb::TxnResponse reply_;
};

// Unconditional puts of keys 0 to keys - 1, over and over.
class PutCalls final : public Calls {
 public:
  PutCalls(std::string prefix, size_t value_size, int64_t keys = 1024);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;

 private:
  const std::string prefix_;
  const int64_t keys_;
  int64_t next_ = 0;
  etcdserverpb::PutRequest request_;
};

// Many unconditional puts in each transaction, to fill a store: of keys 0 to count - 1 in turn, as
// often as asked. The request after the last one repeats it.
class FillCalls final : public Calls {
 public:
  static constexpr int64_t kPerRequest = 100;

  FillCalls(std::string prefix, int64_t count, size_t value_size);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;

 private:
  const std::string prefix_;
  const int64_t count_;
  int64_t next_ = 0;
  etcdserverpb::TxnRequest request_;
};

}  // namespace kvshim::bench
