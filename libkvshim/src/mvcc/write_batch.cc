#include "mvcc/write_batch.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "mvcc/errors.h"
#include "mvcc/range_read.h"

namespace kvshim::mvcc {
namespace {

constexpr size_t kNone = SIZE_MAX;

}  // namespace

// The index at the base revision with the batch's changes on top.
class WriteBatch::Overlaid final : public State {
 public:
  Overlaid(const WriteBatch& batch, const Index::View& view)
      : batch_(batch), base_(view, batch.base_revision_) {}

  std::optional<Entry> Find(std::string_view key) const override {
    const auto found = batch_.overlay_.find(key);
    if (found == batch_.overlay_.end()) return base_.Find(key);
    return EntryOf(found->second);
  }

  void ForEach(const KeyRange& range, absl::FunctionRef<bool(const Entry&)> visit) const override {
    if (range.is_single()) {
      const std::optional<Entry> found = Find(range.begin());
      if (found.has_value()) visit(*found);
      return;
    }
    auto change = batch_.overlay_.lower_bound(range.begin());
    const auto change_is_in = [&] {
      return change != batch_.overlay_.end() && range.Contains(change->first);
    };
    bool go_on = true;
    const auto visit_change = [&] {
      const std::optional<Entry> entry = EntryOf(change->second);
      if (entry.has_value()) go_on = visit(*entry);
      ++change;
    };
    base_.ForEach(range, [&](const Entry& entry) {
      while (go_on && change_is_in() && change->first < entry.key()) visit_change();
      if (!go_on) return false;
      if (change_is_in() && change->first == entry.key()) {
        visit_change();
      } else {
        go_on = visit(entry);
      }
      return go_on;
    });
    while (go_on && change_is_in()) visit_change();
  }

  int64_t Count(const KeyRange& range) const override {
    int64_t count = base_.Count(range);
    for (auto change = batch_.overlay_.lower_bound(range.begin());
         change != batch_.overlay_.end() && range.Contains(change->first); ++change) {
      count += (EntryOf(change->second).has_value() ? 1 : 0) -
               (base_.Find(change->first).has_value() ? 1 : 0);
    }
    return count;
  }

 private:
  std::optional<Entry> EntryOf(size_t change) const {
    const KeyValue& kv = batch_.changes_[change];
    if (kv.is_tombstone()) return std::nullopt;
    return Entry(kv);
  }

  const WriteBatch& batch_;
  const IndexState base_;
};

// One request on its way: its changes share a revision, the one after the batch's newest.
class WriteBatch::Execution {
 public:
  Execution(WriteBatch& batch, const Index::View& view, Values& values)
      : batch_(batch),
        view_(view),
        state_(batch, view),
        values_(values),
        main_(batch.revision_ + 1),
        first_change_(batch.changes_.size()) {}

  const State& state() const { return state_; }

  absl::Status CheckPut(const PutRequest& request) const {
    if (request.lease != kNoLease && !batch_.leases_.Exists(request.lease)) return LeaseNotFound();
    if ((request.ignore_value || request.ignore_lease) && !state_.Find(request.key).has_value()) {
      return KeyNotFound();
    }
    return absl::OkStatus();
  }

  // The checks along the taken path, whose branches `path` gives in order.
  absl::Status CheckPath(const TxnRequest& txn, const std::vector<bool>& path,
                         size_t& position) const {
    for (const RequestOp& op : path[position++] ? txn.success : txn.failure) {
      if (const auto* range = std::get_if<RangeRequest>(&op)) {
        if (range->revision != 0) RETURN_IF_ERROR(view_.CheckReadable(range->revision));
      } else if (const auto* put = std::get_if<PutRequest>(&op)) {
        RETURN_IF_ERROR(CheckPut(*put));
      } else if (const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
        RETURN_IF_ERROR(CheckPath(**nested, path, position));
      }
    }
    return absl::OkStatus();
  }

  RangeResponse Range(const RangeRequest& request) {
    if (request.revision > 0) {
      RangeResponse response = ReadRange(request, IndexState(view_, request.revision), values_);
      response.revision = revision();
      return response;
    }
    RangeResponse response = ReadRange(request, state_, values_);
    response.revision = revision();
    return response;
  }

  PutResponse Put(const PutRequest& request) {
    KeyValueFields fields{.key = request.key,
                          .value = request.value,
                          .create_revision = main_,
                          .mod_revision = main_,
                          .version = 1,
                          .lease = request.lease,
                          .sub = NextSub()};
    PutResponse response{.revision = main_};
    KeyValue previous;
    const std::optional<Entry> current = state_.Find(request.key);
    if (current.has_value()) {
      const std::optional<KeyValueFields> old = current->Fields(values_);
      if (!old.has_value()) return response;
      fields.create_revision = old->create_revision;
      fields.version = old->version + 1;
      if (request.ignore_lease) fields.lease = old->lease;
      previous = request.prev_kv || request.ignore_value ? current->Load(values_) : current->Peek();
      if (request.ignore_value && previous) fields.value = previous.value();
      if (request.prev_kv) response.prev_kv = previous;
    }
    batch_.Record(KeyValue::Make(fields), std::move(previous));
    return response;
  }

  DeleteRangeResponse DeleteRange(const DeleteRangeRequest& request) {
    DeleteRangeResponse response;
    const KeyRange range(request.key, request.range_end);
    struct Doomed {
      std::string key;
      KeyValue kv;
    };
    std::vector<Doomed> doomed;
    if (!range.is_empty()) {
      state_.ForEach(range, [&](const Entry& entry) {
        doomed.push_back(
            {std::string(entry.key()), request.prev_kv ? entry.Load(values_) : entry.Peek()});
        return true;
      });
    }
    for (Doomed& key : doomed) {
      if (request.prev_kv) response.prev_kvs.push_back(key.kv);
      batch_.Record(KeyValue::Tombstone(key.key, main_, NextSub()), std::move(key.kv));
    }
    response.deleted = static_cast<int64_t>(doomed.size());
    response.revision = revision();
    return response;
  }

  TxnResponse Txn(const TxnRequest& txn, const std::vector<bool>& path, size_t& position) {
    TxnResponse response;
    response.succeeded = path[position++];
    const auto& ops = response.succeeded ? txn.success : txn.failure;
    response.responses.reserve(ops.size());
    for (const RequestOp& op : ops) {
      if (const auto* range = std::get_if<RangeRequest>(&op)) {
        response.responses.emplace_back(Range(*range));
      } else if (const auto* put = std::get_if<PutRequest>(&op)) {
        response.responses.emplace_back(Put(*put));
      } else if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) {
        response.responses.emplace_back(DeleteRange(*erase));
      } else if (const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
        response.responses.emplace_back(
            std::make_unique<TxnResponse>(Txn(**nested, path, position)));
      } else {
        response.responses.emplace_back();
      }
    }
    return response;
  }

  // Takes the revision where anything was changed; gives the newest.
  int64_t Close() {
    batch_.revision_ = revision();
    return batch_.revision_;
  }

 private:
  uint32_t NextSub() const { return static_cast<uint32_t>(batch_.changes_.size() - first_change_); }
  int64_t revision() const { return NextSub() > 0 ? main_ : main_ - 1; }

  WriteBatch& batch_;
  const Index::View& view_;
  const Overlaid state_;
  Values& values_;
  const int64_t main_;
  const size_t first_change_;
};

absl::StatusOr<PutResponse> WriteBatch::Put(const Index::View& view, const PutRequest& request,
                                            Values& values) {
  Execution execution(*this, view, values);
  RETURN_IF_ERROR(execution.CheckPut(request));
  PutResponse response = execution.Put(request);
  execution.Close();
  return response;
}

absl::StatusOr<DeleteRangeResponse> WriteBatch::DeleteRange(const Index::View& view,
                                                            const DeleteRangeRequest& request,
                                                            Values& values) {
  Execution execution(*this, view, values);
  DeleteRangeResponse response = execution.DeleteRange(request);
  response.revision = execution.Close();
  return response;
}

absl::StatusOr<TxnResponse> WriteBatch::Txn(const Index::View& view, const TxnRequest& request,
                                            Values& values) {
  Execution execution(*this, view, values);
  const std::vector<bool> path = ChoosePath(request, execution.state(), values);
  if (!values.wanted().empty()) return TxnResponse();
  size_t position = 0;
  RETURN_IF_ERROR(execution.CheckPath(request, path, position));
  position = 0;
  TxnResponse response = execution.Txn(request, path, position);
  response.revision = execution.Close();
  return response;
}

void WriteBatch::DeleteKeysOf(const Index::View& view, LeaseId lease, Values& values) {
  Execution execution(*this, view, values);
  std::vector<std::string> keys = view.KeysOf(lease);
  for (const auto& [key, change] : overlay_) {
    if (changes_[change].lease() == lease) keys.emplace_back(key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string& key : keys) {
    const std::optional<Entry> entry = execution.state().Find(key);
    if (!entry.has_value()) continue;
    const std::optional<KeyValueFields> fields = entry->Fields(values);
    if (fields.has_value() && fields->lease == lease) execution.DeleteRange({.key = key});
  }
  execution.Close();
}

void WriteBatch::Record(KeyValue kv, KeyValue previous) {
  const size_t change = changes_.size();
  bytes_ += kv.wire().size();
  changes_.push_back(std::move(kv));
  previous_.push_back(std::move(previous));
  const auto [place, added] = overlay_.try_emplace(changes_.back().key(), change);
  overlay_before_.push_back(added ? kNone : std::exchange(place->second, change));
}

void WriteBatch::RollBack(const Mark& mark) {
  while (changes_.size() > mark.changes) {
    const size_t before = overlay_before_.back();
    const auto place = overlay_.find(changes_.back().key());
    if (before == kNone) {
      overlay_.erase(place);
    } else {
      place->second = before;
    }
    changes_.pop_back();
    previous_.pop_back();
    overlay_before_.pop_back();
  }
  revision_ = mark.revision;
  bytes_ = mark.bytes;
}

}  // namespace kvshim::mvcc
