// The numbers of results that reports, plots and goals speak of, over the rounds of a comparison.
//
// Thread safety: pure functions.
//
//   Median(results, fields::Rate)
//   MedianOf(Ratios(ours, theirs, fields::P99))
#pragma once

#include <vector>

#include "result.h"

namespace kvshim::bench {

using Field = double (*)(const Result&);

namespace fields {

inline double Rate(const Result& result) { return result.per_second; }
inline double P50(const Result& result) { return result.p50_us; }
inline double P99(const Result& result) { return result.p99_us; }
inline double P999(const Result& result) { return result.p999_us; }
inline double ServerCpu(const Result& result) { return result.server_cpu_us; }
inline double DatabaseCpu(const Result& result) { return result.database_cpu_us; }
inline double AllCpu(const Result& result) { return ServerCpu(result) + DatabaseCpu(result); }
inline double ServerMemory(const Result& result) { return result.server_resident_bytes; }
inline double ServerPeak(const Result& result) { return result.server_peak_bytes; }
inline double DatabaseMemory(const Result& result) { return result.database_resident_bytes; }
inline double ServerWritten(const Result& result) { return result.server_written_bytes; }
inline double DatabaseWritten(const Result& result) { return result.database_written_bytes; }
inline double AllWritten(const Result& result) {
  return ServerWritten(result) + DatabaseWritten(result);
}
inline double Syncs(const Result& result) { return result.syncs; }
inline double OwnLoad(const Result& result) { return result.own_load; }
inline double ForeignLoad(const Result& result) { return result.foreign_load; }

}  // namespace fields

// Of the rounds that have numbers; 0 where none has.
double Median(const std::vector<Result>& results, Field field);
bool HasNumbers(const std::vector<Result>& results);

// Ours over theirs in each round in which both have numbers, and theirs is not 0.
std::vector<double> Ratios(const std::vector<Result>& ours, const std::vector<Result>& theirs,
                           Field field);

}  // namespace kvshim::bench
