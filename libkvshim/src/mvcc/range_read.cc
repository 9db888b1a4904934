#include "mvcc/range_read.h"

#include <algorithm>
#include <compare>
#include <tuple>

namespace kvshim::mvcc {
namespace {

bool IsSorted(const RangeRequest& request) {
  if (request.sort_order == SortOrder::kNone) return request.sort_target != SortTarget::kKey;
  return request.sort_target != SortTarget::kKey || request.sort_order == SortOrder::kDescend;
}

bool IsFiltered(const RangeRequest& request) {
  return request.min_mod_revision != 0 || request.max_mod_revision != 0 ||
         request.min_create_revision != 0 || request.max_create_revision != 0;
}

bool Within(int64_t revision, int64_t min, int64_t max) {
  return (min == 0 || revision >= min) && (max == 0 || revision <= max);
}

void Sort(const RangeRequest& request, std::vector<KeyValue>& kvs) {
  const auto sort_by = [&](auto property) {
    if (request.sort_order == SortOrder::kDescend) {
      std::stable_sort(kvs.begin(), kvs.end(), [&](const KeyValue& a, const KeyValue& b) {
        return property(b) < property(a);
      });
    } else {
      std::stable_sort(kvs.begin(), kvs.end(), [&](const KeyValue& a, const KeyValue& b) {
        return property(a) < property(b);
      });
    }
  };
  switch (request.sort_target) {
    case SortTarget::kKey:
      return sort_by([](const KeyValue& kv) { return kv.key(); });
    case SortTarget::kVersion:
      return sort_by([](const KeyValue& kv) { return kv.version(); });
    case SortTarget::kCreate:
      return sort_by([](const KeyValue& kv) { return kv.create_revision(); });
    case SortTarget::kMod:
      return sort_by([](const KeyValue& kv) { return kv.mod_revision(); });
    case SortTarget::kValue:
      return sort_by([](const KeyValue& kv) { return kv.value(); });
  }
}

KeyValue WithoutValue(const Entry& entry, Values& values) {
  std::optional<KeyValueFields> fields = entry.Fields(values);
  if (!fields.has_value()) return {};
  fields->key = entry.key();
  return KeyValue::Make(*fields);
}

std::strong_ordering Order(int64_t a, int64_t b) { return a <=> b; }

bool Satisfies(CompareResult result, std::strong_ordering order) {
  switch (result) {
    case CompareResult::kEqual:
      return order == 0;
    case CompareResult::kNotEqual:
      return order != 0;
    case CompareResult::kGreater:
      return order > 0;
    case CompareResult::kLess:
      return order < 0;
  }
  return true;  // as etcd has it for a result it does not know
}

// `fields` are those of a missing key where it is null.
std::strong_ordering OrderOf(const Compare& compare, const KeyValueFields& fields) {
  switch (compare.target) {
    case CompareTarget::kVersion:
      return Order(fields.version, compare.number);
    case CompareTarget::kCreate:
      return Order(fields.create_revision, compare.number);
    case CompareTarget::kMod:
      return Order(fields.mod_revision, compare.number);
    case CompareTarget::kLease:
      return Order(static_cast<int64_t>(fields.lease), compare.number);
    case CompareTarget::kValue:
      return fields.value <=> std::string_view(compare.value);
  }
  return std::strong_ordering::equal;
}

bool EntryHolds(const Compare& compare, const Entry& entry, Values& values) {
  if (compare.target != CompareTarget::kValue) {
    const std::optional<KeyValueFields> fields = entry.Fields(values);
    return fields.has_value() && Satisfies(compare.result, OrderOf(compare, *fields));
  }
  const KeyValue kv = entry.Load(values);
  return kv && Satisfies(compare.result, OrderOf(compare, {.value = kv.value()}));
}

void ChoosePath(const TxnRequest& txn, const State& state, Values& values,
                std::vector<bool>& path) {
  const bool succeeded =
      std::all_of(txn.compare.begin(), txn.compare.end(),
                  [&](const Compare& compare) { return Holds(compare, state, values); });
  path.push_back(succeeded);
  for (const RequestOp& op : succeeded ? txn.success : txn.failure) {
    const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op);
    if (nested != nullptr) ChoosePath(**nested, state, values, path);
  }
}

}  // namespace

RangeResponse ReadRange(const RangeRequest& request, const State& state, Values& values) {
  RangeResponse response;
  const KeyRange range(request.key, request.range_end);
  if (range.is_empty()) return response;
  response.count = range.is_single() && !request.count_only ? 0 : state.Count(range);
  if (request.count_only) return response;

  const bool filtered = IsFiltered(request);
  const bool sorted = IsSorted(request);
  const size_t limit = request.limit > 0 ? static_cast<size_t>(request.limit) : SIZE_MAX;
  // What is collected before it is sorted and cut. etcd collects one key more than the limit unless
  // an order or a filter is asked for: a sort target alone sorts the first keys only.
  const bool whole = filtered || (sorted && request.sort_order != SortOrder::kNone);
  const size_t wanted = whole || limit == SIZE_MAX ? SIZE_MAX : limit + (sorted ? 1 : 0);
  // A value is needed to sort by it, too.
  const bool with_values = !request.keys_only || request.sort_target == SortTarget::kValue;
  if (!range.is_single()) {
    response.kvs.reserve(std::min(wanted, static_cast<size_t>(response.count)));
  }
  state.ForEach(range, [&](const Entry& entry) {
    if (range.is_single()) response.count = 1;
    if (!Within(entry.mod_revision(), request.min_mod_revision, request.max_mod_revision)) {
      return true;
    }
    if (response.kvs.size() >= wanted) return false;
    response.kvs.push_back(with_values ? entry.Load(values) : WithoutValue(entry, values));
    return true;
  });
  if (!values.wanted().empty()) return response;

  if (request.min_create_revision != 0 || request.max_create_revision != 0) {
    std::erase_if(response.kvs, [&](const KeyValue& kv) {
      return !Within(kv.create_revision(), request.min_create_revision,
                     request.max_create_revision);
    });
  }
  if (sorted) Sort(request, response.kvs);
  if (filtered || sorted) {
    response.more = response.kvs.size() > limit;
    if (response.more) response.kvs.resize(limit);
  } else {
    response.more = static_cast<size_t>(response.count) > response.kvs.size();
  }
  if (request.keys_only && with_values) {
    for (KeyValue& kv : response.kvs) kv = WithoutValue(Entry(kv), values);
  }
  return response;
}

bool Holds(const Compare& compare, const State& state, Values& values) {
  const KeyRange range(compare.key, compare.range_end);
  bool holds = true;
  bool found = false;
  if (!range.is_empty()) {
    state.ForEach(range, [&](const Entry& entry) {
      found = true;
      holds = EntryHolds(compare, entry, values);
      return holds;
    });
  }
  if (found) return holds;
  // A missing key counts as all zero; its value compares to nothing.
  return compare.target != CompareTarget::kValue && Satisfies(compare.result, OrderOf(compare, {}));
}

std::vector<bool> ChoosePath(const TxnRequest& txn, const State& state, Values& values) {
  std::vector<bool> path;
  ChoosePath(txn, state, values, path);
  return path;
}

}  // namespace kvshim::mvcc
