#include "auth/follower.h"

#include <chrono>

#include "base/logger.h"
#include "base/status.h"
#include "kinds/members.h"

namespace kvplane::auth {
namespace {

namespace base = kvshim::base;

constexpr std::chrono::seconds kPause{1};

}  // namespace

class Follower::Watch : public registry::Watcher::Listener {
 public:
  Watch(Follower& follower, const kinds::Kind& kind) : follower_(follower), kind_(kind) {}

  bool OnEvent(const registry::WatchEvent& event) override {
    const api::json::Object document = event.object->Parse();
    if (event.type == registry::WatchEventType::kDeleted) {
      follower_.listener_.Remove(kind_, document);
    } else {
      follower_.listener_.Put(kind_, document);
    }
    return true;
  }
  bool OnBookmark(int64_t /*revision*/) override { return true; }
  void OnEnd() override { follower_.FollowAgain(kind_); }

 private:
  Follower& follower_;
  const kinds::Kind& kind_;
};

Follower::Follower(registry::Registry& registry, Listener& listener, const std::string& name)
    : registry_(registry), listener_(listener), executor_({.name = name}) {}

// First whoever follows again, which makes watchers; then the watchers there are. One that ends
// meanwhile finds that nobody follows again.
void Follower::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  executor_.Stop();
  std::map<const kinds::Kind*, std::shared_ptr<registry::Watcher>> watchers;
  {
    base::MutexLock lock(mutex_);
    watchers.swap(watchers_);
  }
  for (const auto& [kind, watcher] : watchers) Forget(*kind, watcher);
}

void Follower::Forget(const kinds::Kind& kind, const std::shared_ptr<registry::Watcher>& watcher) {
  registry_.CacheOf(kind).StopWatch(watcher);
  watcher->Stop();
}

absl::Status Follower::Follow(const kinds::Kind& kind) {
  auto watcher = std::make_shared<registry::Watcher>(std::make_unique<Watch>(*this, kind));
  ASSIGN_OR_RETURN(const int64_t revision, registry_.CurrentRevision());
  ASSIGN_OR_RETURN(const registry::WatchCache::Beginning beginning,
                   registry_.CacheOf(kind).StartWatch(watcher, revision, /*initial=*/true));
  std::set<Key> held;
  for (const registry::StoredObjectPtr& object : beginning.objects) {
    const api::json::Object document = object->Parse();
    listener_.Put(kind, document);
    held.emplace(kinds::Text(document, {"metadata", "namespace"}),
                 kinds::Text(document, {"metadata", "name"}));
  }
  // What was deleted while nobody was told.
  listener_.KeepOnly(kind, held);
  for (const registry::WatchEventPtr& event : beginning.events) {
    watcher->listener().OnEvent(*event);
  }
  std::shared_ptr<registry::Watcher> before = watcher;
  {
    base::MutexLock lock(mutex_);
    before.swap(watchers_[&kind]);
  }
  // The one that ended may still be telling so.
  if (before != nullptr) Forget(kind, before);
  watcher->GoOn();
  return absl::OkStatus();
}

void Follower::FollowAgain(const kinds::Kind& kind) {
  base::MutexLock lock(mutex_);
  if (stopping_) return;
  executor_.Schedule(base::Clock::Real().Now() + kPause, [this, &kind] {
    const absl::Status status = Follow(kind);
    if (status.ok()) return;
    base::Log(base::Level::kWarning, "cannot follow a kind; trying again",
              {{"kind", kind.name}, {"error", status}});
    FollowAgain(kind);
  });
}

}  // namespace kvplane::auth
