// The program of all benchmarks here. The table is its output, so the stores keep silent.
#include <benchmark/benchmark.h>

#include "base/logger.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  kvshim::base::SetLogLevel(kvshim::base::Level::kError);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
