#include <string>

#include "guard/driver/measure.h"
#include "guard/driver/operations.h"
#include "guard/driver/requests.h"

namespace kvshim::guard {

// All answered on the calling thread, as nothing is missing in memory.
void MeasureReads(ServedStore& served) {
  Client& client = served.client();

  constexpr int64_t kGets = 1000;
  std::vector<std::string> gets;
  for (int64_t i = 0; i < kGets; ++i) {
    gets.push_back(GetBytes(micro::PodKey(i * 7919 % served.pods())));
  }
  Measure("get", kGets, [&] {
    for (const std::string& get : gets) client.Send("Range", get);
  });

  constexpr int64_t kLists = 10;
  constexpr int64_t kRows = 500;
  const std::string list = ListBytes(kRows);
  Measure("list-row", kLists * kRows, [&] {
    for (int64_t i = 0; i < kLists; ++i) client.Send("Range", list);
  });

  constexpr int64_t kCounts = 500;
  const std::string count = ListBytes(0);
  Measure("count", kCounts, [&] {
    for (int64_t i = 0; i < kCounts; ++i) client.Send("Range", count);
  });
}

}  // namespace kvshim::guard
