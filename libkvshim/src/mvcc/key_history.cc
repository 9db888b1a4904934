#include "mvcc/key_history.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace kvshim::mvcc {
namespace {

bool Before(int64_t main, const Version& version) { return main < version.main; }

}  // namespace

std::unique_ptr<KeyHistory> KeyHistory::Make(std::string_view key) {
  void* memory = ::operator new(sizeof(KeyHistory) + key.size());
  std::memcpy(static_cast<char*>(memory) + sizeof(KeyHistory), key.data(), key.size());
  return std::unique_ptr<KeyHistory>(::new (memory) KeyHistory(key.size()));
}

const Version* KeyHistory::At(int64_t main) const {
  if (!versions.empty() && versions.back().main <= main) return &versions.back();
  const auto after = std::upper_bound(versions.begin(), versions.end(), main, Before);
  return after == versions.begin() ? nullptr : &*std::prev(after);
}

Version* KeyHistory::Find(Revision revision) {
  const auto found =
      std::lower_bound(versions.begin(), versions.end(), revision,
                       [](const Version& version, Revision r) { return version.revision() < r; });
  return found != versions.end() && found->revision() == revision ? &*found : nullptr;
}

size_t KeyHistory::DeadAt(int64_t compact) const {
  const auto after = std::upper_bound(versions.begin(), versions.end(), compact, Before);
  if (after == versions.begin()) return 0;
  const Version& kept = *std::prev(after);
  const auto before_kept = static_cast<size_t>(after - versions.begin()) - 1;
  return kept.tombstone && kept.main < compact ? before_kept + 1 : before_kept;
}

}  // namespace kvshim::mvcc
