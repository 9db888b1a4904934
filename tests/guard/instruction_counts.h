// InstructionCounts: runs the driver under callgrind and reads what was counted.
//
// The counts are nearly the same on every machine: the driver does the same in every run, in an
// empty environment, and the libraries that choose their code by the processor (memcpy, SHA-256)
// are told to choose what every x86-64 has. malloc has one arena and puts nothing aside to merge
// later, so that it matters less which thread frees first. What remains is below a hundredth:
// random numbers are not equally long on the wire, and a thread finds what it waits for or must
// wait.
//
// Thread safety: a plain function.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::guard {

struct InstructionCount {
  std::string operation;
  double instructions = 0;  // for each one
  std::string file;         // what callgrind wrote, for callgrind_annotate
};

// In the order in which they were counted. The files stay in `folder`, which is emptied before.
absl::StatusOr<std::vector<InstructionCount>> CountInstructions(const std::string& driver,
                                                                const std::string& folder);

}  // namespace kvshim::guard
