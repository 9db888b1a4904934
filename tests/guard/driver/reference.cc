#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "guard/driver/measure.h"
#include "guard/driver/operations.h"
#include "micro/pods.h"

namespace kvshim::guard {

void MeasureReference() {
  constexpr size_t kKeys = 1000;
  constexpr size_t kLookups = 10'000;
  std::vector<std::string> keys;
  std::map<std::string, std::string> map;
  for (size_t i = 0; i < kKeys; ++i) {
    keys.push_back(micro::PodKey(static_cast<int64_t>(i)));
    map[keys.back()] = micro::PodValue();
  }
  std::string copy;
  size_t next = 0;
  Measure("reference", kLookups, [&] {
    for (size_t i = 0; i < kLookups; ++i) {
      copy = std::string(map.at(keys[next]));
      next = (next + copy.size()) % kKeys;
    }
  });
}

}  // namespace kvshim::guard
