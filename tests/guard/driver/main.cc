// guard_driver: does a fixed number of operations of every kind that is guarded, for callgrind to
// count the instructions. It is run by guard_test, and says nothing.

#include "base/logger.h"
#include "guard/driver/operations.h"

int main() {
  using namespace kvshim::guard;
  kvshim::base::SetLogLevel(kvshim::base::Level::kError);
  MeasureReference();
  MeasureCalls();
  ServedStore served(10'000);
  MeasureReads(served);
  MeasureWrites(served);
  MeasureWatches(served);
  MeasureLog();
  return 0;
}
