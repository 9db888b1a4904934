// ServedStore: a store filled with pods, all of them in memory, over a database that keeps nothing,
// and the services over it.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "etcd/service_context.h"
#include "guard/driver/client.h"
#include "guard/driver/gate.h"
#include "store/engine.h"

namespace kvshim::guard {

class ServedStore {
 public:
  explicit ServedStore(int64_t pods);

  store::Engine& engine() { return *engine_; }
  const etcd::ServiceContext& context() { return *context_; }
  Client& client() { return *client_; }
  int64_t pods() const { return pods_; }

  // Commits the first request, then all others but the last, together, then the last. When that one
  // is answered, the publisher is through with the others.
  void Write(const std::string& method, std::vector<std::string> requests);
  // In a commit of its own.
  void WriteAlone(const std::string& method, std::string request);

  int64_t ModRevision(const std::string& key);

 private:
  const int64_t pods_;
  Gate gate_;
  std::unique_ptr<store::Engine> engine_;
  std::unique_ptr<etcd::ServiceContext> context_;
  std::unique_ptr<Client> client_;
};

}  // namespace kvshim::guard
