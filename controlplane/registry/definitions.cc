#include "registry/definitions.h"

#include <set>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/feed.h"
#include "registry/identity.h"
#include "registry/registry.h"
#include "registry/stored_form.h"

namespace kvplane::registry {

namespace {

using kinds::Text;
using kvshim::base::Level;
using kvshim::base::Log;
using kvshim::base::MutexLock;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPause(1);
constexpr int64_t kPage = 500;

const kinds::Kind& DefinitionKind() {
  static const kinds::Kind& kind =
      *kinds::Kinds::BuiltIn().Find("apiextensions.k8s.io/v1", "customresourcedefinitions")->kind;
  return kind;
}

std::string NameOf(const StoredObject& object) {
  return object.key().substr(DefinitionKind().prefix.size());
}

}  // namespace

class Definitions::Listener : public Watcher::Listener {
 public:
  explicit Listener(Definitions& definitions) : definitions_(definitions) {}

  bool OnEvent(const WatchEvent& event) override {
    const bool gone = event.type == WatchEventType::kDeleted;
    return definitions_.executor_.Submit(
        [&definitions = definitions_, object = event.object, gone] {
          if (gone) {
            definitions.Remove(NameOf(*object));
          } else {
            definitions.Put(*object);
          }
          definitions.Serve();
        });
  }
  bool OnBookmark(int64_t /*revision*/) override { return true; }
  void OnEnd() override { definitions_.FollowAgain(); }

 private:
  Definitions& definitions_;
};

Definitions::Definitions(Registry& registry, Feed& feed, kinds::ServedKinds& served)
    : registry_(registry), feed_(feed), served_(served) {}

absl::Status Definitions::Start() { return Follow(); }

// First whoever follows again, which makes a watcher; then the watcher there is, which submits to
// executors that take nothing more.
void Definitions::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  executor_.Stop();
  cleaner_.Stop();
  std::shared_ptr<Watcher> watcher;
  {
    MutexLock lock(mutex_);
    watcher.swap(watcher_);
  }
  if (watcher != nullptr) Forget(watcher);
}

void Definitions::Forget(const std::shared_ptr<Watcher>& watcher) {
  feed_.CacheOf(DefinitionKind()).StopWatch(watcher);
  watcher->Stop();
}

absl::Status Definitions::Follow() {
  auto watcher = std::make_shared<Watcher>(std::make_unique<Listener>(*this));
  ASSIGN_OR_RETURN(const int64_t revision, registry_.CurrentRevision());
  ASSIGN_OR_RETURN(const WatchCache::Beginning beginning,
                   feed_.CacheOf(DefinitionKind()).StartWatch(watcher, revision, /*initial=*/true));
  std::set<std::string, std::less<>> there;
  for (const StoredObjectPtr& object : beginning.objects) {
    there.insert(NameOf(*object));
    Put(*object);
  }
  // What was deleted while nobody was told.
  std::vector<std::string> gone;
  std::shared_ptr<Watcher> before = watcher;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, known] : known_) {
      if (!there.contains(name)) gone.push_back(name);
    }
    before.swap(watcher_);
  }
  // The one that ended may still be telling so.
  if (before != nullptr) Forget(before);
  for (const std::string& name : gone) Remove(name);
  Serve();
  for (const WatchEventPtr& event : beginning.events) watcher->listener().OnEvent(*event);
  watcher->GoOn();
  return absl::OkStatus();
}

void Definitions::FollowAgain() {
  MutexLock lock(mutex_);
  if (stopping_) return;
  executor_.Schedule(steady_clock::now() + kPause, [this] {
    const absl::Status status = Follow();
    if (status.ok()) return;
    Log(Level::kWarning, "cannot follow the definitions of custom resources; trying again",
        {{"error", status}});
    FollowAgain();
  });
}

void Definitions::Put(const StoredObject& object) {
  const std::string name = NameOf(object);
  const json::Object document = object.Parse();
  std::shared_ptr<const kinds::Definition> before;
  bool changed = false;
  {
    MutexLock lock(mutex_);
    const Known& known = known_[name];
    if (known.revision >= object.revision()) return;
    before = known.definition;
    changed = known.generation != 0 &&
              known.generation != kinds::Integer(document, {"metadata", "generation"});
  }
  Known known{.group = std::string(Text(document, {"spec", "group"})),
              .revision = object.revision(),
              .generation = kinds::Integer(document, {"metadata", "generation"}),
              .definition = kinds::Definition::Read(document, before.get()),
              .established = kinds::HasCondition(document, "Established")};
  const json::Object* accepted = kinds::FindObject(document, {"status", "acceptedNames"});
  const json::Object* wanted = kinds::FindObject(document, {"spec", "names"});
  if (accepted != nullptr) known.accepted = kinds::DefinedNames::Read(*accepted);
  known.names_settled = wanted != nullptr && kinds::DefinedNames::Read(*wanted) == known.accepted &&
                        kinds::HasCondition(document, "NamesAccepted") && known.established;
  known.terminating = kinds::Has(document, {"metadata", "deletionTimestamp"}) &&
                      kinds::HasCleanupFinalizer(document);
  // What its schema is told to be may have changed.
  const bool settled = known.names_settled && !changed;
  const bool terminating = known.terminating;
  const std::string group = known.group;
  bool names_changed = false;
  bool clean = false;
  {
    MutexLock lock(mutex_);
    Known& held = known_[name];
    names_changed = held.revision != 0 && held.accepted != known.accepted;
    held = std::move(known);
    clean = terminating && cleaning_.insert(name).second;
  }
  if (clean) {
    (void)cleaner_.Submit([this, name] { CleanUp(name); });
  } else if (!settled && !terminating) {
    (void)executor_.Submit([this, name] { Settle(name); });
  }
  if (names_changed) SettleOthers(group);
}

void Definitions::Remove(std::string_view name) {
  std::string group;
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(name);
    if (found == known_.end()) return;
    group = found->second.group;
    known_.erase(found);
  }
  SettleOthers(group);
}

// Its names are free now for those that wait for them.
void Definitions::SettleOthers(const std::string& group) {
  MutexLock lock(mutex_);
  for (const auto& [name, known] : known_) {
    if (known.group != group || known.names_settled || known.terminating) continue;
    (void)executor_.Submit([this, name = name] { Settle(name); });
  }
}

void Definitions::Serve() {
  std::vector<std::shared_ptr<const kinds::Definition>> definitions;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, known] : known_) {
      if (known.established && known.definition != nullptr) {
        definitions.push_back(known.definition);
      }
    }
  }
  const auto before = served_.Current();
  if (before->definitions() == definitions) return;
  auto now = kinds::Kinds::With(std::move(definitions));
  feed_.SetKinds(now);
  served_.Set(std::move(now));
}

kinds::NamesInUse Definitions::NamesOfOthers(const std::string& group, std::string_view name) {
  kinds::NamesInUse in_use;
  MutexLock lock(mutex_);
  for (const auto& [other, known] : known_) {
    if (other != name && known.group == group) in_use.Add(known.accepted);
  }
  return in_use;
}

absl::Status Definitions::Write(const std::string& name,
                                const std::function<void(json::Object& definition)>& change) {
  UpdateOptions options;
  options.part = "status";
  return registry_
      .Update(
          DefinitionKind(), "", name,
          [&](const json::Object& current) -> absl::StatusOr<json::Object> {
            json::Object definition = current;
            change(definition);
            return definition;
          },
          options)
      .status();
}

void Definitions::Settle(const std::string& name) {
  std::string group;
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(name);
    if (found == known_.end() || stopping_) return;
    group = found->second.group;
  }
  const kinds::NamesInUse in_use = NamesOfOthers(group, name);
  const absl::Status written = Write(name, [&](json::Object& definition) {
    if (kinds::Has(definition, {"metadata", "deletionTimestamp"})) return;
    kinds::AcceptNames(in_use, FormatNow(), definition);
  });
  if (written.ok() || HasReason(written, "NotFound")) return;
  Log(Level::kWarning, "cannot write the status of a definition; trying again",
      {{"name", name}, {"error", written}});
  executor_.Schedule(steady_clock::now() + kPause, [this, name] { Settle(name); });
}

bool Definitions::Stopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

absl::StatusOr<bool> Definitions::DeleteObjects(
    const std::shared_ptr<const kinds::Definition>& definition) {
  const kinds::Kind kind = definition->KindOf(definition, definition->storage());
  std::string key = kind.prefix;
  bool left = false;
  while (!Stopping()) {
    ASSIGN_OR_RETURN(const Registry::Page page, registry_.ReadAt(kind, kind.prefix, key, 0, kPage));
    for (const StoredObjectPtr& object : page.objects) {
      const json::Object document = object->Parse();
      const auto deleted = registry_.Delete(kind, Text(document, {"metadata", "namespace"}),
                                            Text(document, {"metadata", "name"}), {});
      if (!deleted.ok() && !HasReason(deleted.status(), "NotFound")) return deleted.status();
      left |= deleted.ok() && !deleted->gone;
    }
    if (!page.more) return !left;
    key = page.objects.back()->key() + '\0';
  }
  return false;
}

// False where objects are left, which wait for finalizers of their own.
absl::StatusOr<bool> Definitions::TryCleanUp(const std::string& name, const Known& known) {
  const bool established = known.established && known.definition != nullptr;
  if (established) {
    RETURN_IF_ERROR(Write(name, [](json::Object& definition) {
      kinds::SetCondition("Terminating", true, "InstanceDeletionInProgress",
                          "CustomResource deletion is in progress", FormatNow(), definition);
    }));
    ASSIGN_OR_RETURN(const bool emptied, DeleteObjects(known.definition));
    if (!emptied) return false;
  }
  RETURN_IF_ERROR(Write(name, [established](json::Object& definition) {
    kinds::SetCondition("Terminating", false,
                        established ? "InstanceDeletionCompleted" : "NeverEstablished",
                        established ? "removed all instances" : "resource was never established",
                        FormatNow(), definition);
    kinds::RemoveCleanupFinalizer(definition);
  }));
  return true;
}

void Definitions::CleanUp(const std::string& name) {
  Known known;
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(name);
    if (found == known_.end() || !found->second.terminating || stopping_) {
      cleaning_.erase(name);
      return;
    }
    known = found->second;
  }
  const absl::StatusOr<bool> done = TryCleanUp(name, known);
  if ((done.ok() && *done) || HasReason(done.status(), "NotFound")) {
    MutexLock lock(mutex_);
    cleaning_.erase(name);
    return;
  }
  if (!done.ok()) {
    Log(Level::kWarning, "cannot delete the objects of a definition; trying again",
        {{"name", name}, {"error", done.status()}});
  }
  cleaner_.Schedule(steady_clock::now() + kPause, [this, name] { CleanUp(name); });
}

}  // namespace kvplane::registry
