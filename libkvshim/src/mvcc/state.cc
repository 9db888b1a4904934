#include "mvcc/state.h"

namespace kvshim::mvcc {

std::optional<KeyValueFields> Entry::Fields(Values& values) const {
  if (kv_ == nullptr && version_ == &history_->newest()) {
    return KeyValueFields{.create_revision = history_->create_revision,
                          .mod_revision = version_->main,
                          .version = history_->version,
                          .lease = history_->lease,
                          .sub = version_->sub};
  }
  const KeyValue kv = Load(values);
  if (!kv) return std::nullopt;
  return KeyValueFields{.create_revision = kv.create_revision(),
                        .mod_revision = kv.mod_revision(),
                        .version = kv.version(),
                        .lease = kv.lease(),
                        .sub = kv.sub()};
}

std::optional<Entry> IndexState::Find(std::string_view key) const {
  const KeyHistory* history = view_.Find(key);
  if (history == nullptr) return std::nullopt;
  const Version* version = history->At(revision_);
  if (version == nullptr || version->tombstone) return std::nullopt;
  return Entry(*history, *version);
}

void IndexState::ForEach(const KeyRange& range, absl::FunctionRef<bool(const Entry&)> visit) const {
  if (range.is_single()) {
    const std::optional<Entry> found = Find(range.begin());
    if (found.has_value()) visit(*found);
    return;
  }
  for (auto it = view_.LowerBound(range.begin()); it; it.Next()) {
    if (!range.is_unbounded() && it->key() >= range.end()) return;
    const Version* version = it->At(revision_);
    if (version == nullptr || version->tombstone) continue;
    if (!visit(Entry(*it, *version))) return;
  }
}

}  // namespace kvshim::mvcc
