#include "model.h"

#include <algorithm>

#include "base/status.h"
#include "mvcc/errors.h"

namespace kvshim::mvcc {
namespace {

bool InRange(const std::string& key, const std::string& begin, const std::string& end) {
  if (end.empty()) return key == begin;
  if (end == std::string(1, '\0')) return key >= begin;
  return key >= begin && key < end;
}

std::vector<KeyValue> Select(const Model::Keys& keys, const std::string& begin,
                             const std::string& end) {
  std::vector<KeyValue> selected;
  for (const auto& [key, kv] : keys) {
    if (InRange(key, begin, end)) selected.push_back(kv);
  }
  return selected;
}

bool Below(const KeyValue& a, const KeyValue& b, SortTarget target) {
  switch (target) {
    case SortTarget::kKey:
      return a.key() < b.key();
    case SortTarget::kVersion:
      return a.version() < b.version();
    case SortTarget::kCreate:
      return a.create_revision() < b.create_revision();
    case SortTarget::kMod:
      return a.mod_revision() < b.mod_revision();
    case SortTarget::kValue:
      return a.value() < b.value();
  }
  return false;
}

KeyValue WithoutValue(const KeyValue& kv) {
  return KeyValue::Make({.key = kv.key(),
                         .create_revision = kv.create_revision(),
                         .mod_revision = kv.mod_revision(),
                         .version = kv.version(),
                         .lease = kv.lease(),
                         .sub = kv.sub()});
}

int64_t NumberOf(const KeyValue& kv, CompareTarget target) {
  switch (target) {
    case CompareTarget::kVersion:
      return kv.version();
    case CompareTarget::kCreate:
      return kv.create_revision();
    case CompareTarget::kMod:
      return kv.mod_revision();
    case CompareTarget::kLease:
      return static_cast<int64_t>(kv.lease());
    case CompareTarget::kValue:
      break;
  }
  return 0;
}

template <typename T>
bool Satisfies(CompareResult result, const T& actual, const T& operand) {
  switch (result) {
    case CompareResult::kEqual:
      return actual == operand;
    case CompareResult::kNotEqual:
      return actual != operand;
    case CompareResult::kGreater:
      return actual > operand;
    case CompareResult::kLess:
      return actual < operand;
  }
  return false;
}

}  // namespace

// One request on its way: a copy of the newest state, which it changes.
struct Model::Step {
  Keys keys;
  int64_t main = 0;
  std::vector<Version> changes;

  int64_t revision() const { return changes.empty() ? main - 1 : main; }
  uint32_t sub() const { return static_cast<uint32_t>(changes.size()); }
};

Model::Model() { states_[revision_] = std::make_shared<const Keys>(); }

Model::Step Model::Begin() const { return {.keys = At(revision_), .main = revision_ + 1}; }

void Model::Finish(Step step) {
  if (step.changes.empty()) return;
  for (const Version& version : step.changes) {
    versions_[{version.kv.mod_revision(), version.kv.sub()}] = version;
  }
  revision_ = step.main;
  states_[revision_] = std::make_shared<const Keys>(std::move(step.keys));
}

absl::Status Model::CheckReadable(int64_t revision) const {
  if (revision <= 0) return absl::OkStatus();
  if (revision < compact_revision_) return Compacted();
  if (revision > revision_) return FutureRevision();
  return absl::OkStatus();
}

absl::Status Model::CheckPut(const PutRequest& request, const Keys& keys) const {
  if (request.lease != kNoLease && !leases_.contains(request.lease)) return LeaseNotFound();
  if (request.ignore_value && !keys.contains(request.key)) return KeyNotFound();
  if (request.ignore_lease && !keys.contains(request.key)) return KeyNotFound();
  return absl::OkStatus();
}

absl::Status Model::CheckTaken(const TxnRequest& txn, const Keys& before) const {
  for (const RequestOp& op : Succeeds(txn, before) ? txn.success : txn.failure) {
    if (const auto* range = std::get_if<RangeRequest>(&op)) {
      // Within a transaction a negative revision is one before the first, not the newest.
      const int64_t first = compact_revision_ == 0 ? -1 : compact_revision_;
      if (range->revision < 0 && range->revision < first) return Compacted();
      RETURN_IF_ERROR(CheckReadable(range->revision));
    } else if (const auto* put = std::get_if<PutRequest>(&op)) {
      RETURN_IF_ERROR(CheckPut(*put, before));
    } else if (const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
      RETURN_IF_ERROR(CheckTaken(**nested, before));
    }
  }
  return absl::OkStatus();
}

RangeResponse Model::Read(const RangeRequest& request, const Keys& keys) {
  RangeResponse response;
  std::vector<KeyValue> kvs = Select(keys, request.key, request.range_end);
  response.count = static_cast<int64_t>(kvs.size());
  if (request.count_only) return response;
  for (const KeyValue& kv : kvs) {
    if (request.min_mod_revision != 0 && kv.mod_revision() < request.min_mod_revision) continue;
    if (request.max_mod_revision != 0 && kv.mod_revision() > request.max_mod_revision) continue;
    const int64_t created = kv.create_revision();
    if (request.min_create_revision != 0 && created < request.min_create_revision) continue;
    if (request.max_create_revision != 0 && created > request.max_create_revision) continue;
    response.kvs.push_back(kv);
  }
  // As etcd: a sort target without an order sorts no more than the limit and one.
  const bool filtered = request.min_mod_revision != 0 || request.max_mod_revision != 0 ||
                        request.min_create_revision != 0 || request.max_create_revision != 0;
  if (!filtered && request.sort_order == SortOrder::kNone && request.limit > 0 &&
      static_cast<int64_t>(response.kvs.size()) > request.limit) {
    response.kvs.resize(static_cast<size_t>(request.limit) + 1);
  }
  std::stable_sort(
      response.kvs.begin(), response.kvs.end(), [&](const KeyValue& a, const KeyValue& b) {
        return request.sort_order == SortOrder::kDescend ? Below(b, a, request.sort_target)
                                                         : Below(a, b, request.sort_target);
      });
  if (request.limit > 0 && response.count > 0 &&
      static_cast<int64_t>(response.kvs.size()) > request.limit) {
    response.kvs.resize(static_cast<size_t>(request.limit));
    response.more = true;
  }
  if (request.keys_only) {
    for (KeyValue& kv : response.kvs) kv = WithoutValue(kv);
  }
  return response;
}

bool Model::Holds(const Compare& compare, const Keys& keys) {
  const std::vector<KeyValue> kvs = Select(keys, compare.key, compare.range_end);
  const bool by_value = compare.target == CompareTarget::kValue;
  if (kvs.empty()) return !by_value && Satisfies(compare.result, int64_t{0}, compare.number);
  return std::all_of(kvs.begin(), kvs.end(), [&](const KeyValue& kv) {
    return by_value ? Satisfies(compare.result, std::string(kv.value()), compare.value)
                    : Satisfies(compare.result, NumberOf(kv, compare.target), compare.number);
  });
}

bool Model::Succeeds(const TxnRequest& txn, const Keys& keys) {
  return std::all_of(txn.compare.begin(), txn.compare.end(),
                     [&](const Compare& compare) { return Holds(compare, keys); });
}

RangeResponse Model::Do(const RangeRequest& request, const Step& step) const {
  RangeResponse response = Read(request, request.revision > 0 ? At(request.revision) : step.keys);
  response.revision = step.revision();
  return response;
}

PutResponse Model::Do(const PutRequest& request, Step& step) {
  KeyValue previous;
  const auto found = step.keys.find(request.key);
  if (found != step.keys.end()) previous = found->second;

  KeyValueFields fields{.key = request.key,
                        .value = request.value,
                        .create_revision = step.main,
                        .mod_revision = step.main,
                        .version = 1,
                        .lease = request.lease,
                        .sub = step.sub()};
  if (previous) {
    fields.create_revision = previous.create_revision();
    fields.version = previous.version() + 1;
    if (request.ignore_value) fields.value = previous.value();
    if (request.ignore_lease) fields.lease = previous.lease();
  }
  const KeyValue kv = KeyValue::Make(fields);
  step.keys[request.key] = kv;
  step.changes.push_back({.kv = kv, .previous = previous});
  return {.revision = step.revision(), .prev_kv = request.prev_kv ? previous : KeyValue()};
}

DeleteRangeResponse Model::Do(const DeleteRangeRequest& request, Step& step) {
  DeleteRangeResponse response;
  for (const KeyValue& kv : Select(step.keys, request.key, request.range_end)) {
    step.keys.erase(std::string(kv.key()));
    step.changes.push_back(
        {.kv = KeyValue::Tombstone(kv.key(), step.main, step.sub()), .previous = kv});
    ++response.deleted;
    if (request.prev_kv) response.prev_kvs.push_back(kv);
  }
  response.revision = step.revision();
  return response;
}

TxnResponse Model::Do(const TxnRequest& txn, const Keys& before, Step& step) const {
  TxnResponse response;
  response.succeeded = Succeeds(txn, before);
  for (const RequestOp& op : response.succeeded ? txn.success : txn.failure) {
    if (const auto* range = std::get_if<RangeRequest>(&op)) {
      response.responses.emplace_back(Do(*range, step));
    } else if (const auto* put = std::get_if<PutRequest>(&op)) {
      response.responses.emplace_back(Do(*put, step));
    } else if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) {
      response.responses.emplace_back(Do(*erase, step));
    } else if (const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
      response.responses.emplace_back(std::make_unique<TxnResponse>(Do(**nested, before, step)));
    }
  }
  return response;
}

absl::StatusOr<RangeResponse> Model::Range(const RangeRequest& request) const {
  RETURN_IF_ERROR(CheckReadable(request.revision));
  return Do(request, Begin());
}

absl::StatusOr<PutResponse> Model::Put(const PutRequest& request) {
  RETURN_IF_ERROR(CheckPut(request, At(revision_)));
  Step step = Begin();
  PutResponse response = Do(request, step);
  Finish(std::move(step));
  return response;
}

absl::StatusOr<DeleteRangeResponse> Model::DeleteRange(const DeleteRangeRequest& request) {
  Step step = Begin();
  DeleteRangeResponse response = Do(request, step);
  Finish(std::move(step));
  return response;
}

absl::StatusOr<TxnResponse> Model::Txn(const TxnRequest& request) {
  Step step = Begin();
  const Keys before = step.keys;
  RETURN_IF_ERROR(CheckTaken(request, before));
  TxnResponse response = Do(request, before, step);
  response.revision = step.revision();
  Finish(std::move(step));
  return response;
}

void Model::Revoke(LeaseId lease) {
  leases_.erase(lease);
  Step step = Begin();
  for (const auto& [key, kv] : At(revision_)) {
    if (kv.lease() == lease) Do(DeleteRangeRequest{.key = key}, step);
  }
  Finish(std::move(step));
}

void Model::Compact(int64_t revision) {
  compact_revision_ = revision;
  states_.erase(states_.begin(), states_.lower_bound(revision));
  // Of each key, the newest version at or below the revision stays; a tombstone only at it.
  std::map<std::string, Revision> newest;
  for (const auto& [at, version] : versions_) {
    if (at.main <= revision) newest[std::string(version.kv.key())] = at;
  }
  std::erase_if(versions_, [&](const auto& entry) {
    const auto& [at, version] = entry;
    if (at.main > revision) return false;
    if (at != newest[std::string(version.kv.key())]) return true;
    return version.kv.is_tombstone() && at.main < revision;
  });
}

}  // namespace kvshim::mvcc
