#include "auth/role_feed.h"

#include <chrono>
#include <set>
#include <utility>

#include "auth/default_roles.h"
#include "base/logger.h"
#include "base/status.h"

namespace kvplane::auth {
namespace {

namespace base = kvshim::base;
using registry::StoredObject;

constexpr std::string_view kGroupVersion = "rbac.authorization.k8s.io/v1";
constexpr std::string_view kKinds[] = {"clusterroles", "clusterrolebindings", "roles",
                                       "rolebindings"};
constexpr std::chrono::seconds kPause{1};

}  // namespace

class RoleFeed::Listener : public registry::Watcher::Listener {
 public:
  Listener(RoleFeed& feed, const kinds::Kind& kind) : feed_(feed), kind_(kind) {}

  bool OnEvent(const registry::WatchEvent& event) override {
    const api::json::Object document = event.object->Parse();
    if (event.type == registry::WatchEventType::kDeleted) {
      RemoveDocument(feed_.roles_, kind_.name, document);
    } else {
      PutDocument(feed_.roles_, kind_.name, document);
    }
    return true;
  }
  bool OnBookmark(int64_t /*revision*/) override { return true; }
  void OnEnd() override { feed_.FollowAgain(kind_); }

 private:
  RoleFeed& feed_;
  const kinds::Kind& kind_;
};

RoleFeed::RoleFeed(registry::Registry& registry, RoleTable& roles)
    : registry_(registry), roles_(roles) {}

RoleFeed::~RoleFeed() {
  std::vector<std::pair<const kinds::Kind*, std::shared_ptr<registry::Watcher>>> watchers;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    watchers = std::exchange(watchers_, {});
  }
  for (const auto& [kind, watcher] : watchers) registry_.CacheOf(*kind).StopWatch(watcher);
  executor_.Stop();
}

absl::Status RoleFeed::Start() {
  for (const std::string_view plural : kKinds) {
    const kinds::Served* served = kinds::Kinds::BuiltIn().Find(kGroupVersion, plural);
    if (served == nullptr) return absl::InternalError("the schema knows no roles");
    RETURN_IF_ERROR(Follow(*served->kind));
  }
  return absl::OkStatus();
}

absl::Status RoleFeed::Follow(const kinds::Kind& kind) {
  auto watcher = std::make_shared<registry::Watcher>(std::make_unique<Listener>(*this, kind),
                                                     std::chrono::seconds(0));
  ASSIGN_OR_RETURN(const int64_t revision, registry_.CurrentRevision());
  ASSIGN_OR_RETURN(const registry::WatchCache::Beginning beginning,
                   registry_.CacheOf(kind).StartWatch(watcher, revision, /*initial=*/true));
  std::set<RoleTable::Key> held;
  for (const registry::StoredObjectPtr& object : beginning.objects) {
    const api::json::Object document = object->Parse();
    PutDocument(roles_, kind.name, document);
    const Role named = RoleFromDocument(document);
    held.emplace(named.ns, named.name);
  }
  // What was deleted while nobody was told.
  const auto scope = kind.namespaced ? RoleTable::Scope::kNamespaces : RoleTable::Scope::kCluster;
  if (kind.name.ends_with("Binding")) {
    roles_.KeepOnlyBindings(scope, held);
  } else {
    roles_.KeepOnlyRoles(scope, held);
  }
  for (const registry::WatchEventPtr& event : beginning.events) {
    watcher->listener().OnEvent(*event);
  }
  {
    base::MutexLock lock(mutex_);
    std::erase_if(watchers_, [&kind](const auto& one) { return one.first == &kind; });
    watchers_.emplace_back(&kind, watcher);
  }
  watcher->GoOn();
  return absl::OkStatus();
}

void RoleFeed::FollowAgain(const kinds::Kind& kind) {
  base::MutexLock lock(mutex_);
  if (stopping_) return;
  executor_.Schedule(base::Clock::Real().Now() + kPause, [this, &kind] {
    const absl::Status status = Follow(kind);
    if (status.ok()) return;
    base::Log(base::Level::kWarning, "cannot follow the roles; trying again",
              {{"kind", kind.name}, {"error", status}});
    FollowAgain(kind);
  });
}

}  // namespace kvplane::auth
