// Informers: one informer a kind, shared by all who ask for it.
//
// Thread safety: none; one thread makes, starts and stops them.
//
//   Informers informers(registry, executor);
//   Informer& pods = informers.Of("v1", "pods");
//   RETURN_IF_ERROR(informers.Start());
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/executor.h"
#include "controller/informer.h"
#include "kinds/kind.h"
#include "registry/registry.h"

namespace kvplane::controller {

// A kind that the schema has.
const kinds::Kind& BuiltIn(std::string_view group_version, std::string_view plural);

class Informers {
 public:
  // Both must outlive it. The executor has one thread, on the machine's clock.
  Informers(registry::Registry& registry, kvshim::base::Executor& executor)
      : registry_(registry), executor_(executor) {}
  ~Informers() { Stop(); }

  // Made where nobody asked for it yet. The kind must outlive it.
  Informer& Of(const kinds::Kind& kind);
  Informer& Of(std::string_view group_version, std::string_view plural) {
    return Of(BuiltIn(group_version, plural));
  }

  // All objects are known and told of when it returns. Those that have started stay so: it may be
  // called again where it fails, or where informers were added.
  absl::Status Start();
  // No handler runs when it returns, and none will. Not to be called from a handler.
  void Stop();

 private:
  struct Entry {
    std::unique_ptr<Informer> informer;
    bool started = false;
  };

  registry::Registry& registry_;
  kvshim::base::Executor& executor_;
  std::map<std::string_view, Entry> informers_;  // by the kinds' prefixes
};

}  // namespace kvplane::controller
