// WatchStarter: starts watches, and ends them when their time is over or their client is gone.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "apiserver/call.h"
#include "apiserver/list_options.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class WatchStarter {
 public:
  explicit WatchStarter(std::shared_ptr<registry::Registry> registry);

  // A failure has not been answered yet.
  absl::Status Start(Call call, const ListOptions& options, std::shared_ptr<Response> response);

 private:
  std::shared_ptr<kvshim::base::Executor> ConversionExecutor();

  const std::shared_ptr<registry::Registry> registry_;
  kvshim::base::Executor timers_;
  kvshim::base::Mutex mutex_;
  // Tells the watches that a webhook converts for; null until there is one.
  std::shared_ptr<kvshim::base::Executor> conversions_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::apiserver
