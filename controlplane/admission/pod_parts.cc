#include "admission/pod_parts.h"

namespace kvplane::admission {

namespace json = api::json;

namespace {

void TakeLarger(const Amounts& other, Amounts& amounts) {
  for (const auto& [name, amount] : other) {
    const auto [entry, added] = amounts.emplace(name, amount);
    if (!added && entry->second < amount) entry->second = amount;
  }
}

}  // namespace

Amounts AmountsOf(const json::Object& container, kinds::Path path) {
  Amounts amounts;
  const json::Object* list = kinds::FindObject(container, path);
  if (list == nullptr) return amounts;
  for (const auto& [name, text] : *list) {
    const auto amount = api::Quantity::Parse(kinds::Plain(text));
    if (amount.ok()) amounts.emplace(json::View(name), *amount);
  }
  return amounts;
}

void Add(const Amounts& more, Amounts& to) {
  for (const auto& [name, amount] : more) to[name] += amount;
}

std::string ToString(const Amounts& amounts) {
  std::string out;
  for (const auto& [name, amount] : amounts) {
    out.append(out.empty() ? "" : ",").append(name).append("=").append(amount.ToString());
  }
  return out;
}

Amounts PodAmounts(const json::Object& spec, std::string_view list) {
  Amounts running;
  kinds::ForEach(spec, {"containers"}, [&](const json::Object& container) {
    Add(AmountsOf(container, {"resources", list}), running);
  });
  // An init container that restarts goes on beside all that come after it.
  Amounts sidecars;
  Amounts largest;
  kinds::ForEach(spec, {"initContainers"}, [&](const json::Object& container) {
    Amounts own = AmountsOf(container, {"resources", list});
    if (kinds::Text(container, {"restartPolicy"}) == "Always") {
      Add(own, running);
      Add(own, sidecars);
      own = sidecars;
    } else {
      Add(sidecars, own);
    }
    TakeLarger(own, largest);
  });
  TakeLarger(largest, running);
  for (const auto& [name, amount] : AmountsOf(spec, {"resources", list})) running[name] = amount;
  const Amounts overhead = AmountsOf(spec, {"overhead"});
  for (const auto& [name, amount] : overhead) {
    // A limit that is not there stays so.
    if (list == "requests" || running.contains(name)) running[name] += amount;
  }
  return running;
}

}  // namespace kvplane::admission
