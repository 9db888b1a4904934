// guard DRIVER LIMITS FOLDER: fails where an operation costs more instructions than it may. The
// counts of the driver's operations are divided by that of its reference, so that what a compiler
// or a library changes for all code matters little. No time is measured.
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "guard/instruction_counts.h"
#include "guard/limits.h"

namespace kvshim::guard {
namespace {

// How far a limit is set above what an operation costs.
constexpr double kHeadroom = 1.2;

// What is wrong with one operation, in words; empty where nothing.
std::string Judge(const InstructionCount& count, double cost, double limit) {
  char text[1024];
  if (limit == 0) {
    std::snprintf(text, sizeof(text),
                  "%s has no limit; write it in tests/guard/limits:\n  %s %.2f\n",
                  count.operation.c_str(), count.operation.c_str(), cost * kHeadroom);
    return text;
  }
  if (cost <= limit) return "";
  std::snprintf(
      text, sizeof(text),
      "%s costs %.2f times the reference (%.0f instructions), its limit is %.2f.\n"
      "  Where they go: callgrind_annotate %s\n"
      "  Where the rise is wanted, say why in the commit and write in tests/guard/limits:\n"
      "  %s %.2f\n",
      count.operation.c_str(), cost, count.instructions, limit, count.file.c_str(),
      count.operation.c_str(), cost * kHeadroom);
  return text;
}

// The first count is the reference's.
int Check(const std::vector<InstructionCount>& counts, std::map<std::string, double> limits) {
  std::string faults;
  const double reference = counts.front().instructions;
  std::printf("%-22s %12s %8s %8s\n", "operation", "instructions", "cost", "limit");
  std::printf("%-22s %12.0f %8.2f\n", counts.front().operation.c_str(), reference, 1.0);
  for (const InstructionCount& count : std::span(counts).subspan(1)) {
    const double cost = count.instructions / reference;
    const double limit = limits[count.operation];
    std::printf("%-22s %12.0f %8.2f %8.2f\n", count.operation.c_str(), count.instructions, cost,
                limit);
    faults += Judge(count, cost, limit);
    limits.erase(count.operation);
  }
  for (const auto& [operation, limit] : limits) {
    faults += operation + " has a limit, but was not counted\n";
  }
  if (faults.empty()) return 0;
  std::printf("\n%s", faults.c_str());
  return 1;
}

}  // namespace
}  // namespace kvshim::guard

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: guard DRIVER LIMITS FOLDER\n");
    return 2;
  }
  const auto limits = kvshim::guard::ReadLimits(argv[2]);
  const auto counts =
      limits.ok() ? kvshim::guard::CountInstructions(argv[1], argv[3]) : limits.status();
  if (!counts.ok()) {
    std::fprintf(stderr, "%s\n", std::string(counts.status().message()).c_str());
    return 1;
  }
  if (counts->empty()) {
    std::fprintf(stderr, "callgrind counted nothing\n");
    return 1;
  }
  return kvshim::guard::Check(*counts, *limits);
}
