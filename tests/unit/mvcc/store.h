// Store: an index beside the log that the test plays, for tests that write and read by hand.
//
//   Store store;
//   store.Put("a", "1");           // at revision 2
//   store.Apply([&](WriteBatch& batch, const Index::View& view, Values& values) { ... });
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "mvcc/range_read.h"
#include "mvcc/write_batch.h"

namespace kvshim::mvcc {

struct LeaseSet final : LeaseView {
  bool Exists(LeaseId id) const override { return ids.contains(id); }
  std::set<LeaseId> ids;
};

inline constexpr size_t kAmple = size_t{1} << 20;

class Store {
 public:
  explicit Store(size_t budget = kAmple) : index(budget) {}

  // Evaluates until every value is there.
  template <typename Attempt>
  auto Read(const Attempt& attempt) {
    Values values;
    while (true) {
      auto result = [&] {
        const Index::View view(index);
        return attempt(view, values);
      }();
      const std::vector<Revision> wanted = values.TakeWanted();
      if (wanted.empty()) return result;
      ++fetches;
      for (const Revision& revision : wanted) {
        values.Add(log.at(revision));
        if (installs) index.Install(std::vector{log.at(revision)});
      }
    }
  }

  // Commits what `write` puts into the batch.
  template <typename Write>
  auto Apply(const Write& write) {
    WriteBatch batch(index.revision(), leases);
    auto result = Read([&](const Index::View& view, Values& values) {
      batch.RollBack({.revision = index.revision()});
      return write(batch, view, values);
    });
    for (const KeyValue& kv : batch.changes()) log[{kv.mod_revision(), kv.sub()}] = kv;
    index.Apply(batch.changes(), batch.revision());
    return result;
  }

  absl::StatusOr<PutResponse> Put(const PutRequest& request) {
    return Apply([&](WriteBatch& batch, const Index::View& view, Values& values) {
      return batch.Put(view, request, values);
    });
  }
  void Put(const std::string& key, const std::string& value, LeaseId lease = kNoLease) {
    ASSERT_TRUE(Put({.key = key, .value = value, .lease = lease}).ok());
  }
  absl::StatusOr<DeleteRangeResponse> DeleteRange(const DeleteRangeRequest& request) {
    return Apply([&](WriteBatch& batch, const Index::View& view, Values& values) {
      return batch.DeleteRange(view, request, values);
    });
  }
  void Delete(const std::string& key) { ASSERT_EQ(DeleteRange({.key = key})->deleted, 1); }
  absl::StatusOr<TxnResponse> Txn(const TxnRequest& request) {
    return Apply([&](WriteBatch& batch, const Index::View& view, Values& values) {
      return batch.Txn(view, request, values);
    });
  }

  // At request.revision, or the newest.
  RangeResponse Range(const RangeRequest& request) {
    return Read([&](const Index::View& view, Values& values) {
      const int64_t revision = request.revision > 0 ? request.revision : view.revision();
      return ReadRange(request, IndexState(view, revision), values);
    });
  }
  bool Holds(const Compare& compare) {
    return Read([&](const Index::View& view, Values& values) {
      return mvcc::Holds(compare, IndexState(view, view.revision()), values);
    });
  }

  Index index;
  LeaseSet leases;
  std::map<Revision, KeyValue> log;
  bool installs = false;  // what was fetched goes into the cache
  int fetches = 0;        // times that an evaluation had to wait for the log
};

// "a=1 b=2"
inline std::string Listed(const std::vector<KeyValue>& kvs) {
  std::string text;
  for (const KeyValue& kv : kvs) {
    if (!text.empty()) text += " ";
    text += std::string(kv.key()) + "=" + std::string(kv.value());
  }
  return text;
}

}  // namespace kvshim::mvcc
