// State: the live keys at one moment, as requests are evaluated against them: what the index holds
// at a revision, or that with the changes of a batch on top.
//
// Thread safety: as the view it stands on.
#pragma once

#include <optional>

#include "absl/functional/function_ref.h"
#include "mvcc/index.h"
#include "mvcc/key_range.h"
#include "mvcc/values.h"

namespace kvshim::mvcc {

// One live key of a state. The fields of a version are at hand where it is the key's newest or its
// value is in memory.
class Entry {
 public:
  Entry(const KeyHistory& history, const Version& version)
      : history_(&history), version_(&version) {}
  explicit Entry(const KeyValue& kv) : kv_(&kv) {}

  std::string_view key() const { return kv_ != nullptr ? kv_->key() : history_->key(); }
  int64_t mod_revision() const { return kv_ != nullptr ? kv_->mod_revision() : version_->main; }

  // All of it; empty, and noted in `values`, where that is not in memory.
  KeyValue Load(Values& values) const {
    return kv_ != nullptr ? *kv_ : values.Get(*history_, *version_);
  }
  // The same as far as it is in memory.
  KeyValue Peek() const { return kv_ != nullptr ? *kv_ : version_->kv; }

  // The fields without key and value; nullopt, and noted, where they are not in memory.
  std::optional<KeyValueFields> Fields(Values& values) const;

 private:
  const KeyHistory* history_ = nullptr;
  const Version* version_ = nullptr;
  const KeyValue* kv_ = nullptr;  // where it belongs to a batch
};

class State {
 public:
  virtual ~State() = default;
  virtual std::optional<Entry> Find(std::string_view key) const = 0;
  // Ascending, until `visit` returns false.
  virtual void ForEach(const KeyRange& range,
                       absl::FunctionRef<bool(const Entry&)> visit) const = 0;
  virtual int64_t Count(const KeyRange& range) const = 0;
};

// The index at a revision that is readable.
class IndexState final : public State {
 public:
  IndexState(const Index::View& view, int64_t revision) : view_(view), revision_(revision) {}

  std::optional<Entry> Find(std::string_view key) const override;
  void ForEach(const KeyRange& range, absl::FunctionRef<bool(const Entry&)> visit) const override;
  int64_t Count(const KeyRange& range) const override { return view_.CountLive(range, revision_); }

 private:
  const Index::View& view_;
  const int64_t revision_;
};

}  // namespace kvshim::mvcc
