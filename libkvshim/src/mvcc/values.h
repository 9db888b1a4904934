// Values: what an evaluation found missing in memory, and what was read back from the log for it.
//
// Evaluation does no I/O. Where it meets a version whose value is not in memory it notes the
// revision here and goes on; its result is then void. The caller reads what is wanted, adds it and
// evaluates again.
//
//   Values values;
//   while (true) {
//     auto result = Evaluate(view, values);
//     if (values.wanted().empty()) return result;
//     ... fetch values.wanted(), values.Add(...) each ...
//   }
//
// Thread safety: none.
#pragma once

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "kvshim/key_value.h"
#include "mvcc/key_history.h"

namespace kvshim::mvcc {

class Values {
 public:
  // The version with its value; an empty handle, noted as wanted, where it is nowhere.
  KeyValue Get(const KeyHistory& history, const Version& version) {
    if (version.kv) {
      version.kv.Touch();
      return version.kv;
    }
    if (version.tombstone) return KeyValue::Tombstone(history.key(), version.main, version.sub);
    const auto found = added_.find({version.main, version.sub});
    if (found != added_.end()) return found->second;
    wanted_.push_back(version.revision());
    return {};
  }

  void Add(KeyValue kv) {
    const std::pair<int64_t, uint32_t> revision(kv.mod_revision(), kv.sub());
    added_.insert_or_assign(revision, std::move(kv));
  }

  // The log has no such version: compacted meanwhile, and evaluating again will not want it. How
  // often this has been said of it.
  int NoteGone(Revision revision) { return ++gone_[{revision.main, revision.sub}]; }

  const std::vector<Revision>& wanted() const { return wanted_; }
  std::vector<Revision> TakeWanted() { return std::exchange(wanted_, {}); }

 private:
  absl::flat_hash_map<std::pair<int64_t, uint32_t>, KeyValue> added_;
  absl::flat_hash_map<std::pair<int64_t, uint32_t>, int> gone_;
  std::vector<Revision> wanted_;
};

}  // namespace kvshim::mvcc
