// QueuedListener: hands on what a watch hears to a thread that may wait, in order: the feed's
// thread tells all watches of the server, and must not wait for a webhook that one of them needs.
//
// Thread safety: as registry::Watcher::Listener. The inner listener is in one call at a time.
//
//   Watcher watcher(std::make_unique<QueuedListener>(std::move(stream), executor), bookmarks);
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/executor.h"
#include "registry/watcher.h"

namespace kvplane::apiserver {

class QueuedListener : public registry::Watcher::Listener {
 public:
  // A watch that outlives the executor hears nothing more.
  QueuedListener(std::unique_ptr<registry::Watcher::Listener> inner,
                 std::weak_ptr<kvshim::base::Executor> executor);

  bool OnEvent(const registry::WatchEvent& event) override;
  bool OnBookmark(int64_t revision) override;
  void OnEnd() override;

 private:
  struct Queue;
  // What to tell the inner listener; false ends it.
  using Call = std::function<bool(registry::Watcher::Listener& inner)>;

  bool Put(Call call);
  static void Work(const std::shared_ptr<Queue>& queue);

  // A call that is on its way keeps it.
  const std::shared_ptr<Queue> queue_;
  const std::weak_ptr<kvshim::base::Executor> executor_;
};

}  // namespace kvplane::apiserver
