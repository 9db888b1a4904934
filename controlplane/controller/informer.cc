#include "controller/informer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "kinds/members.h"

namespace kvplane::controller {

namespace {

using kvshim::base::MutexLock;
using kvshim::base::ReaderLock;
using kvshim::base::WriterLock;

constexpr std::chrono::seconds kPause{1};
constexpr std::chrono::seconds kPatience{5};

std::vector<std::string> ControllerOf(const json::Object& object) {
  std::vector<std::string> uids;
  kinds::ForEach(object, {"metadata", "ownerReferences"}, [&](const json::Object& owner) {
    if (kinds::True(owner, {"controller"})) uids.emplace_back(kinds::Text(owner, {"uid"}));
  });
  return uids;
}

std::vector<std::string> OwnersOf(const json::Object& object) {
  std::vector<std::string> uids;
  kinds::ForEach(object, {"metadata", "ownerReferences"}, [&](const json::Object& owner) {
    uids.emplace_back(kinds::Text(owner, {"uid"}));
  });
  return uids;
}

std::vector<std::string> NodeOf(const json::Object& pod) {
  const std::string_view node = kinds::Text(pod, {"spec", "nodeName"});
  return node.empty() ? std::vector<std::string>() : std::vector<std::string>{std::string(node)};
}

}  // namespace

const Index kByController{"controller", ControllerOf};
const Index kByOwner{"owner", OwnersOf};
const Index kByNode{"node", NodeOf};

// What the feed's thread leaves for the executor's. It outlives the informer, as the feed may still
// be telling the watcher of one that has stopped.
struct Informer::Inbox {
  kvshim::base::Mutex mutex;
  bool closed GUARDED_BY(mutex) = false;
  bool ended GUARDED_BY(mutex) = false;       // the watch
  bool delivering GUARDED_BY(mutex) = false;  // a delivery is on its way to the executor
  std::deque<registry::WatchEvent> events GUARDED_BY(mutex);
};

class Informer::Listener : public registry::Watcher::Listener {
 public:
  Listener(Informer& informer, std::shared_ptr<Inbox> inbox)
      : informer_(informer), inbox_(std::move(inbox)) {}

  bool OnEvent(const registry::WatchEvent& event) override {
    MutexLock lock(inbox_->mutex);
    if (inbox_->closed) return false;
    inbox_->events.push_back(event);
    Wake();
    return true;
  }
  bool OnBookmark(int64_t /*revision*/) override { return true; }
  void OnEnd() override {
    MutexLock lock(inbox_->mutex);
    inbox_->ended = true;
    Wake();
  }

 private:
  // The informer is there as long as the inbox is open.
  void Wake() REQUIRES(inbox_->mutex) {
    if (inbox_->closed || std::exchange(inbox_->delivering, true)) return;
    (void)informer_.executor_.Submit([informer = &informer_] { informer->Deliver(); });
  }

  Informer& informer_;
  const std::shared_ptr<Inbox> inbox_;
};

void Informer::AddIndex(const Index& index) {
  WriterLock lock(mutex_);
  const bool known = std::any_of(indexes_.begin(), indexes_.end(), [&](const IndexTable& table) {
    return table.index.name == index.name;
  });
  if (!known) indexes_.push_back({index, {}});
}

absl::Status Informer::Start() { return Follow(); }

void Informer::Stop() {
  stopped_ = true;
  executor_.Cancel(again_);
  if (inbox_ != nullptr) {
    MutexLock lock(inbox_->mutex);
    inbox_->closed = true;
  }
  if (watcher_ != nullptr) registry_.CacheOf(kind_).StopWatch(watcher_);
  watcher_ = nullptr;
}

absl::Status Informer::Follow() {
  auto inbox = std::make_shared<Inbox>();
  auto watcher = std::make_shared<registry::Watcher>(std::make_unique<Listener>(*this, inbox));
  ASSIGN_OR_RETURN(const int64_t revision, registry_.CurrentRevision());
  ASSIGN_OR_RETURN(const registry::WatchCache::Beginning beginning,
                   registry_.CacheOf(kind_).StartWatch(watcher, revision, /*initial=*/true));
  inbox_ = std::move(inbox);
  watcher_ = std::move(watcher);
  Replace(beginning);
  watcher_->GoOn();
  return absl::OkStatus();
}

void Informer::FollowAgain() {
  again_ = executor_.Schedule(kvshim::base::Clock::Real().Now() + kPause, [this] {
    if (stopped_) return;
    const absl::Status status = Follow();
    if (status.ok()) return;
    kvshim::base::Log(kvshim::base::Level::kWarning, "cannot follow a kind; trying again",
                      {{"kind", kind_.name}, {"error", status}});
    FollowAgain();
  });
}

void Informer::Deliver() {
  bool ended = false;
  std::deque<registry::WatchEvent> events;
  {
    MutexLock lock(inbox_->mutex);
    if (inbox_->closed) return;
    inbox_->delivering = false;
    events.swap(inbox_->events);
    ended = inbox_->ended;
  }
  for (const registry::WatchEvent& event : events) {
    const bool gone = event.type == registry::WatchEventType::kDeleted;
    Take(KeyOf(*event.object), gone ? nullptr : event.object);
  }
  if (!events.empty()) Reach(events.back().revision);
  if (ended) FollowAgain();
}

void Informer::Replace(const registry::WatchCache::Beginning& beginning) {
  absl::flat_hash_set<std::string_view> held;
  for (const StoredObjectPtr& object : beginning.objects) held.insert(KeyOf(*object));
  std::vector<std::string> gone;
  {
    ReaderLock lock(mutex_);
    for (const auto& [key, object] : objects_) {
      if (!held.contains(key)) gone.emplace_back(key);
    }
  }
  for (const std::string& key : gone) Take(key, nullptr);
  for (const StoredObjectPtr& object : beginning.objects) Take(KeyOf(*object), object);
  Reach(beginning.revision);
}

void Informer::Reach(int64_t revision) {
  MutexLock lock(reach_);
  revision_ = std::max(revision_, revision);
  reached_.NotifyAll();
}

absl::Status Informer::Await(int64_t revision) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  MutexLock lock(reach_);
  while (revision_ < revision) {
    if (!reached_.WaitUntil(reach_, deadline)) {
      return absl::UnavailableError("what was written is not told yet");
    }
  }
  return absl::OkStatus();
}

void Informer::Take(std::string_view key, StoredObjectPtr after) {
  const StoredObjectPtr before = Get(key);
  if (before == after ||
      (before != nullptr && after != nullptr && before->revision() == after->revision())) {
    return;
  }
  const Change change(key, before, std::move(after));
  Keep(change);
  for (const Handler& handler : handlers_) handler(change);
}

void Informer::Keep(const Change& change) {
  // Read outside the lock.
  static const std::vector<std::string> kNone;
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> values;
  std::vector<Index> indexes;
  {
    ReaderLock lock(mutex_);
    for (const IndexTable& table : indexes_) indexes.push_back(table.index);
  }
  for (const Index& index : indexes) {
    values.emplace_back(change.added() ? kNone : index.values(change.old_document()),
                        change.deleted() ? kNone : index.values(change.document()));
  }
  WriterLock lock(mutex_);
  objects_.erase(change.key());
  if (!change.deleted()) objects_.emplace(KeyOf(*change.after()), change.after());
  for (size_t i = 0; i < values.size(); ++i) {
    auto& table = indexes_[i].objects;
    for (const std::string& value : values[i].first) {
      const auto found = table.find(value);
      if (found == table.end()) continue;
      found->second.erase(change.before());
      if (found->second.empty()) table.erase(found);
    }
    for (const std::string& value : values[i].second) table[value].insert(change.after());
  }
}

StoredObjectPtr Informer::Get(std::string_view key) const {
  ReaderLock lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<StoredObjectPtr> Informer::List(std::string_view name_space) const {
  std::string prefix(name_space);
  if (!prefix.empty()) prefix += '/';
  std::vector<StoredObjectPtr> objects;
  ReaderLock lock(mutex_);
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.starts_with(prefix); ++it) {
    objects.push_back(it->second);
  }
  return objects;
}

std::vector<StoredObjectPtr> Informer::Find(const Index& index, const std::string& value) const {
  std::vector<StoredObjectPtr> objects;
  {
    ReaderLock lock(mutex_);
    for (const IndexTable& table : indexes_) {
      if (table.index.name != index.name) continue;
      const auto found = table.objects.find(value);
      if (found != table.objects.end()) objects.assign(found->second.begin(), found->second.end());
    }
  }
  std::sort(objects.begin(), objects.end(),
            [](const auto& a, const auto& b) { return a->key() < b->key(); });
  return objects;
}

}  // namespace kvplane::controller
