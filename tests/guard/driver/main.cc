// guard_driver: does a fixed number of operations of every kind that is guarded, for callgrind to
// count the instructions. It is run by guard_test, and says nothing.

#include "base/logger.h"
#include "guard/driver/operations.h"

int main() {
  kvshim::base::SetLogLevel(kvshim::base::Level::kError);
  kvshim::guard::MeasureReference();
  kvshim::guard::MeasureCalls();
  kvshim::guard::ServedStore served(10'000);
  kvshim::guard::MeasureReads(served);
  kvshim::guard::MeasureWrites(served);
  kvshim::guard::MeasureWatches(served);
  kvshim::guard::MeasureLog();
  return 0;
}
