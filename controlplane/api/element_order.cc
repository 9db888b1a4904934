#include "api/element_order.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/json_equal.h"

namespace kvplane::api {

namespace {

struct Placed {
  json::Value value;
  int wanted;
  int server;
};

}  // namespace

int FindElement(const json::Array& list, const json::Value& element, std::string_view key) {
  const auto identity = [key](const json::Value& value) -> const json::Value* {
    if (key.empty()) return &value;
    return value.is_object() ? json::Find(value.get_object(), key) : nullptr;
  };
  const json::Value* wanted = identity(element);
  if (wanted == nullptr) return -1;
  for (size_t i = 0; i < list.size(); ++i) {
    const json::Value* found = identity(list[i]);
    if (found != nullptr && JsonEqual(*found, *wanted)) return static_cast<int>(i);
  }
  return -1;
}

json::Array ArrangeElements(json::Array merged, const json::Array& wanted,
                            const json::Array& server, std::string_view key) {
  std::vector<Placed> named;
  std::vector<Placed> others;
  for (json::Value& value : merged) {
    const int place = FindElement(wanted, value, key);
    const int before = FindElement(server, value, key);
    (place >= 0 ? named : others).push_back({std::move(value), place, before});
  }
  std::stable_sort(named.begin(), named.end(),
                   [](const Placed& a, const Placed& b) { return a.wanted < b.wanted; });
  std::stable_sort(others.begin(), others.end(), [](const Placed& a, const Placed& b) {
    return a.server >= 0 && b.server >= 0 && a.server < b.server;
  });
  json::Array result;
  result.reserve(named.size() + others.size());
  auto next = named.begin();
  auto other = others.begin();
  while (next != named.end() || other != others.end()) {
    const bool take_other =
        next == named.end() || (other != others.end() && other->server >= 0 && next->server >= 0 &&
                                other->server < next->server);
    result.push_back(std::move((take_other ? other++ : next++)->value));
  }
  return result;
}

}  // namespace kvplane::api
