// Random sequences of operations, each answered by the index with its write batches and by the
// model. KVSHIM_MODEL_SEQUENCES sets how many sequences each test runs, KVSHIM_MODEL_SEED where
// their seeds begin.
#include "model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "describe.h"
#include "mvcc/range_read.h"
#include "mvcc/request_check.h"
#include "mvcc/write_batch.h"
#include "request_generator.h"

namespace kvshim::mvcc {
namespace {

struct Shape {
  size_t keys = 12;
  size_t budget = size_t{1} << 20;
  int groups = 60;
};

class Leases final : public LeaseView {
 public:
  explicit Leases(const Model& model) : model_(model) {}
  bool Exists(LeaseId id) const override { return model_.leases().contains(id); }

 private:
  const Model& model_;
};

// The store under test beside its model, and the log that the test plays.
class Run {
 public:
  Run(uint32_t seed, Shape shape)
      : shape_(shape), random_(seed, shape.keys), index_(std::make_unique<Index>(shape.budget)) {}

  void Go() {
    for (int group = 0; group < shape_.groups && !failed(); ++group) {
      Step();
      if (!failed()) CheckStore();
    }
  }

 private:
  static bool failed() { return testing::Test::HasFailure(); }

  void Step() {
    random_.SetRevisions(model_.compact_revision(), model_.revision());
    if (random_.OneIn(2)) model_.Grant(random_.Lease());
    if (random_.OneIn(10)) Compact();
    if (random_.OneIn(3)) Reclaim();
    if (random_.OneIn(15)) Restart();
    WriteGroup();
    random_.SetRevisions(model_.compact_revision(), model_.revision());
    for (int i = 0; i < 3 && !failed(); ++i) Read(random_.Range());
  }

  // Up to eight requests that become durable together.
  void WriteGroup() {
    const Model before = model_;
    WriteBatch batch(index_->revision(), leases_);
    for (uint64_t left = 1 + random_.Below(8); left > 0 && !failed(); --left) {
      const WriteRequest request = random_.Write();
      if (const auto* txn = std::get_if<TxnRequest>(&request)) {
        if (!Check(*txn, 128).ok()) continue;
        if (ReadsHistory(*txn) && !batch.empty()) continue;
      }
      const Model untouched = model_;
      const WriteBatch::Mark mark = batch.mark();
      const std::string answer = Evaluate([&](const Index::View& view, Values& values) {
        batch.RollBack(mark);
        return Do(request, batch, view, values);
      });
      ASSERT_EQ(Do(request, model_), answer) << DescribeRequest(request);
      CheckBatch(batch, before);
      if (random_.OneIn(6)) {
        batch.RollBack(mark);
        model_ = untouched;
        CheckBatch(batch, before);
      }
    }
    if (failed()) return;
    for (const KeyValue& kv : batch.changes()) log_[{kv.mod_revision(), kv.sub()}] = kv;
    index_->Apply(batch.changes(), batch.revision());
    if (batch.empty() || shape_.keys > 12) return;
    // The hand went round all of the few keys more than twice.
    EXPECT_LE(index_->stats().cached_bytes, static_cast<int64_t>(shape_.budget));
  }

  void CheckBatch(const WriteBatch& batch, const Model& before) {
    ASSERT_EQ(model_.revision(), batch.revision());
    auto expected = model_.versions().upper_bound({before.revision(), UINT32_MAX});
    size_t bytes = 0;
    ASSERT_EQ(batch.changes().size(), batch.previous().size());
    for (size_t i = 0; i < batch.changes().size(); ++i, ++expected) {
      ASSERT_NE(expected, model_.versions().end());
      const KeyValue& kv = batch.changes()[i];
      ASSERT_EQ(Describe(expected->second.kv), Describe(kv));
      bytes += kv.wire().size();
      const KeyValue& previous = batch.previous()[i];
      if (previous) {
        ASSERT_EQ(Describe(expected->second.previous), Describe(previous));
      }
    }
    ASSERT_EQ(expected, model_.versions().end());
    ASSERT_EQ(bytes, batch.bytes());
    ASSERT_EQ(bytes == 0, batch.empty());
  }

  void Read(const RangeRequest& request) {
    ASSERT_EQ(Describe(model_.Range(request)), ReadIndex(request)) << Describe(request);
  }

  std::string ReadIndex(const RangeRequest& request) {
    return Evaluate([&](const Index::View& view, Values& values) -> std::string {
      if (request.revision > 0) {
        const absl::Status readable = view.CheckReadable(request.revision);
        if (!readable.ok()) return Describe(readable);
      }
      const IndexState state(view, request.revision > 0 ? request.revision : view.revision());
      RangeResponse response = ReadRange(request, state, values);
      response.revision = view.revision();
      return values.wanted().empty() ? Describe(response) : "";
    });
  }

  // Calls until nothing is wanted any more, reading what is wanted from the log.
  template <typename Attempt>
  std::string Evaluate(const Attempt& attempt) {
    Values values;
    for (int attempts = 0; attempts < 100; ++attempts) {
      std::string answer;
      {
        const Index::View view(*index_);
        answer = attempt(view, values);
      }
      if (values.wanted().empty()) return answer;
      std::vector<KeyValue> fetched;
      for (const Revision& revision : values.TakeWanted()) {
        const auto found = log_.find(revision);
        if (found == log_.end()) {
          ADD_FAILURE() << "the log does not have " << Describe(revision);
          return "";
        }
        values.Add(found->second);
        fetched.push_back(found->second);
      }
      if (random_.OneIn(2)) index_->Install(fetched);
    }
    ADD_FAILURE() << "ever more is wanted";
    return "";
  }

  static std::string Do(const WriteRequest& request, Model& model) {
    if (const auto* put = std::get_if<PutRequest>(&request)) return Describe(model.Put(*put));
    if (const auto* erase = std::get_if<DeleteRangeRequest>(&request)) {
      return Describe(model.DeleteRange(*erase));
    }
    if (const auto* txn = std::get_if<TxnRequest>(&request)) return Describe(model.Txn(*txn));
    model.Revoke(std::get<RevokeRequest>(request).lease);
    return "";
  }

  static std::string Do(const WriteRequest& request, WriteBatch& batch, const Index::View& view,
                        Values& values) {
    const auto answer = [&](const auto& response) {
      return values.wanted().empty() ? Describe(response) : std::string();
    };
    if (const auto* put = std::get_if<PutRequest>(&request)) {
      return answer(batch.Put(view, *put, values));
    }
    if (const auto* erase = std::get_if<DeleteRangeRequest>(&request)) {
      return answer(batch.DeleteRange(view, *erase, values));
    }
    if (const auto* txn = std::get_if<TxnRequest>(&request)) {
      return answer(batch.Txn(view, *txn, values));
    }
    batch.DeleteKeysOf(view, std::get<RevokeRequest>(request).lease, values);
    return "";
  }

  static std::string DescribeRequest(const WriteRequest& request) {
    if (const auto* put = std::get_if<PutRequest>(&request)) return Describe(*put);
    if (const auto* erase = std::get_if<DeleteRangeRequest>(&request)) return Describe(*erase);
    if (const auto* txn = std::get_if<TxnRequest>(&request)) return Describe(*txn);
    const auto lease = static_cast<int64_t>(std::get<RevokeRequest>(request).lease);
    return "revoke " + std::to_string(lease);
  }

  void Compact() {
    const auto readable = static_cast<uint64_t>(model_.revision() - model_.compact_revision());
    if (readable == 0) return;
    const int64_t revision =
        model_.compact_revision() + 1 + static_cast<int64_t>(random_.Below(readable));
    model_.Compact(revision);
    index_->Compact(revision);
    cursor_.emplace();
  }

  // A few keys further. What is dead leaves the log, and must be nothing that can be asked for.
  void Reclaim() {
    for (uint64_t chunks = 1 + random_.Below(4); chunks > 0 && cursor_.has_value(); --chunks) {
      std::vector<Revision> dead;
      const bool more = index_->Reclaim(index_->compact_revision(), *cursor_,
                                        1 + random_.Below(shape_.keys), dead);
      for (const Revision& revision : dead) {
        ASSERT_FALSE(model_.versions().contains(revision)) << Describe(revision);
        ASSERT_EQ(1u, log_.erase(revision)) << Describe(revision);
      }
      if (more) continue;
      cursor_.reset();
      ASSERT_EQ(model_.versions().size(), log_.size()) << "the rest of the dead was not told";
    }
  }

  // A new index from what the log has; a compaction that was under way begins again.
  void Restart() {
    index_ = std::make_unique<Index>(shape_.budget);
    for (const auto& [revision, kv] : log_) {
      index_->Restore({.revision = revision,
                       .key = kv.key(),
                       .tombstone = kv.is_tombstone(),
                       .create_revision = kv.create_revision(),
                       .version = kv.version(),
                       .lease = kv.lease()});
    }
    index_->FinishRestore(model_.revision(), model_.compact_revision());
    if (cursor_.has_value()) cursor_.emplace();
  }

  void CheckStore() {
    const Model::Keys& now = model_.At(model_.revision());
    const IndexStats stats = index_->stats();
    ASSERT_EQ(model_.revision(), index_->revision());
    ASSERT_EQ(model_.compact_revision(), index_->compact_revision());
    ASSERT_EQ(static_cast<int64_t>(now.size()), stats.keys);
    ASSERT_EQ(static_cast<int64_t>(log_.size()), stats.versions);
    for (int i = 0; i < 3; ++i) CheckCount();
    if (random_.OneIn(4)) CheckLeases(now);
    if (random_.OneIn(8)) CheckChanges();
    if (random_.OneIn(8)) {
      Read({.key = std::string(1, '\0'),
            .range_end = std::string(1, '\0'),
            .revision = ReadableRevision()});
    }
  }

  int64_t ReadableRevision() {
    const int64_t oldest = std::max<int64_t>(model_.compact_revision(), 1);
    const auto readable = static_cast<uint64_t>(model_.revision() - oldest + 1);
    return oldest + static_cast<int64_t>(random_.Below(readable));
  }

  void CheckCount() {
    const int64_t revision = ReadableRevision();
    const KeyRange range(random_.Key(), random_.OneIn(8) ? "" : random_.RangeEnd());
    int64_t expected = 0;
    for (const auto& [key, kv] : model_.At(revision)) expected += range.Contains(key) ? 1 : 0;
    const Index::View view(*index_);
    ASSERT_EQ(expected, view.CountLive(range, revision))
        << Quote(range.begin()) << ".." << Quote(range.end()) << " at " << revision;
  }

  void CheckLeases(const Model::Keys& now) {
    const Index::View view(*index_);
    for (int64_t lease = 1; lease <= 4; ++lease) {
      std::vector<std::string> attached;
      for (const auto& [key, kv] : now) {
        if (kv.lease() == LeaseId(lease)) attached.push_back(key);
      }
      ASSERT_EQ(attached, view.KeysOf(LeaseId(lease))) << lease;
    }
    ASSERT_TRUE(view.KeysOf(kNoLease).empty());
  }

  // The log of changes names each change above the compacted revision, in order.
  void CheckChanges() {
    const Index::View view(*index_);
    const int64_t first = model_.compact_revision() + 1;
    size_t position = view.log().LowerBound(first);
    for (auto it = model_.versions().lower_bound({first, 0}); it != model_.versions().end();
         ++it, ++position) {
      ASSERT_LT(position, view.log().size());
      const ChangeLog::Change change = view.log()[position];
      ASSERT_EQ(Describe(it->first), Describe(Revision{change.main, change.sub}));
      ASSERT_EQ(it->second.kv.key(), change.history->key());
    }
    ASSERT_EQ(position, view.log().size());
  }

  const Shape shape_;
  RequestGenerator random_;
  Model model_;
  const Leases leases_{model_};
  std::unique_ptr<Index> index_;
  std::map<Revision, KeyValue> log_;
  std::optional<std::string> cursor_;  // of the reclaiming that is under way
};

int64_t Environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

void RunSequences(Shape shape, int64_t sequences) {
  const int64_t first = Environment("KVSHIM_MODEL_SEED", 1);
  sequences = Environment("KVSHIM_MODEL_SEQUENCES", sequences);
  for (int64_t seed = first; seed < first + sequences; ++seed) {
    SCOPED_TRACE("KVSHIM_MODEL_SEED=" + std::to_string(seed) + " KVSHIM_MODEL_SEQUENCES=1");
    Run(static_cast<uint32_t>(seed), shape).Go();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Model, StoreAnswersLikeItWithEverythingInMemory) { RunSequences({}, 800); }

TEST(Model, StoreAnswersLikeItWithAFewValuesInMemory) { RunSequences({.budget = 1500}, 800); }

TEST(Model, StoreAnswersLikeItWithNoValueInMemory) { RunSequences({.budget = 0}, 800); }

TEST(Model, StoreAnswersLikeItWithManyKeys) {
  RunSequences({.keys = 600, .budget = 20000, .groups = 400}, 10);
}

}  // namespace
}  // namespace kvshim::mvcc
