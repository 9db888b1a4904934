// FakeHistory: a log in a vector that publishes to a hub, answers its reads, compacts and fails.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "mvcc/errors.h"
#include "watch/history.h"

namespace kvshim::watch {

class FakeHistory : public History {
 public:
  // One change of a revision; no value: a deletion.
  struct Change {
    std::string key;
    std::string value;
    bool remove = false;
  };

  // Commits the changes as the next revision and returns its events, to be published.
  std::vector<Event> Commit(const std::vector<Change>& changes) {
    base::MutexLock lock(mutex_);
    ++revision_;
    std::vector<Event> events;
    uint32_t sub = 0;
    for (const Change& change : changes) {
      KeyValue& current = live_[change.key];
      const KeyValue before = current;
      if (change.remove) {
        events.emplace_back(KeyValue::Tombstone(change.key, revision_, sub++), before);
        current = {};
      } else {
        current = KeyValue::Make({.key = change.key,
                                  .value = change.value,
                                  .create_revision = before ? before.create_revision() : revision_,
                                  .mod_revision = revision_,
                                  .version = before ? before.version() + 1 : 1,
                                  .sub = sub++});
        events.emplace_back(current, before);
      }
    }
    log_.insert(log_.end(), events.begin(), events.end());
    return events;
  }
  std::vector<Event> Put(const std::string& key, const std::string& value = "v") {
    return Commit({{.key = key, .value = value}});
  }
  std::vector<Event> Delete(const std::string& key) {
    return Commit({{.key = key, .remove = true}});
  }

  absl::StatusOr<HistoryChunk> Read(const mvcc::KeyRange& range, int64_t from, int64_t to,
                                    size_t max_bytes, bool prev_kv) override {
    if (before_read) before_read();
    base::MutexLock lock(mutex_);
    ++reads_;
    if (failures_ > 0) {
      --failures_;
      return mvcc::Unhealthy();
    }
    if (from < compact_revision_) return mvcc::Compacted();
    HistoryChunk chunk;
    size_t bytes = 0;
    chunk.next = to + 1;
    for (const Event& event : log_) {
      if (event.revision() < from || event.revision() > to) continue;
      if (bytes >= max_bytes && event.revision() != chunk.events.back().revision()) {
        chunk.next = event.revision();
        break;
      }
      if (!range.Contains(event.kv().key())) continue;
      chunk.events.emplace_back(event.kv(), prev_kv ? event.prev_kv() : KeyValue());
      bytes += event.wire_size(prev_kv);
    }
    return chunk;
  }
  int64_t revision() const override {
    base::MutexLock lock(mutex_);
    return revision_;
  }
  int64_t compact_revision() const override {
    base::MutexLock lock(mutex_);
    return compact_revision_;
  }

  void Compact(int64_t revision) {
    base::MutexLock lock(mutex_);
    compact_revision_ = revision;
  }
  void FailReads(int count) {
    base::MutexLock lock(mutex_);
    failures_ = count;
  }
  int reads() const {
    base::MutexLock lock(mutex_);
    return reads_;
  }
  std::vector<Event> log() const {
    base::MutexLock lock(mutex_);
    return log_;
  }

  // Runs at the start of each read, where the hub holds no lock.
  std::function<void()> before_read;

 private:
  mutable base::Mutex mutex_;
  std::vector<Event> log_;
  std::map<std::string, KeyValue> live_;
  int64_t revision_ = 1;
  int64_t compact_revision_ = -1;
  int failures_ = 0;
  int reads_ = 0;
};

}  // namespace kvshim::watch
