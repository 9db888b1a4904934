#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "guard/driver/measure.h"
#include "guard/driver/operations.h"
#include "guard/driver/requests.h"
#include "micro/must.h"

namespace kvshim::guard {
namespace {

constexpr int64_t kRounds = 4;
constexpr int64_t kWrites = 66;  // of a round: 64 together, one alone before and one after them

// Small ones: most of a large one's instructions would be those of its hash.
const std::string& Value() {
  static const std::string value = micro::PodValue(128);
  return value;
}

// Counts rounds of writes. `make` gives the next request: all of them are made beforehand. Each
// must change something.
template <typename Make>
void MeasureRounds(ServedStore& served, const char* name, const char* method, Make make) {
  std::vector<std::vector<std::string>> rounds(2 * kRounds);
  for (auto& round : rounds) {
    for (int64_t i = 0; i < kWrites; ++i) round.push_back(make());
  }
  const int64_t before = served.engine().revision();
  size_t next = 0;
  Measure(name, kRounds * kWrites, [&] {
    for (int64_t i = 0; i < kRounds; ++i) served.Write(method, std::move(rounds[next++]));
  });
  if (served.engine().revision() - before != 2 * kRounds * kWrites) {
    micro::Must(absl::InternalError(base::Concat("not every ", name, " succeeded")));
  }
}

}  // namespace

void MeasureWrites(ServedStore& served) {
  int64_t pod = 0;
  const auto next_key = [&] { return micro::PodKey((pod += 7919) % served.pods()); };
  MeasureRounds(served, "put", "Put", [&] { return PutBytes(next_key(), Value()); });
  MeasureRounds(served, "guarded-create", "Txn", [number = served.pods()]() mutable {
    return GuardedPutBytes(micro::PodKey(number += 3), 0, Value());
  });
  // No key comes twice, so that its revision stays as it is until then.
  const auto next_update = [&] {
    const std::string key = next_key();
    return GuardedPutBytes(key, served.ModRevision(key), Value());
  };
  MeasureRounds(served, "guarded-update", "Txn", next_update);

  constexpr int64_t kAlone = 128;
  std::vector<std::string> updates;
  for (int64_t i = 0; i < 2 * kAlone; ++i) updates.push_back(next_update());
  size_t next = 0;
  Measure("guarded-update-alone", kAlone, [&] {
    for (int64_t i = 0; i < kAlone; ++i) served.WriteAlone("Txn", std::move(updates[next++]));
  });
}

}  // namespace kvshim::guard
