// A line about the measurement under way, at a terminal only: there it is written over and over. In
// a log the results alone stand.
#pragma once

#include <string>

#include "recorder.h"

namespace kvshim::bench {

// What shows the progress of `what`; null where the standard error output is no terminal.
OnProgress ProgressLine(const std::string& what);

// Wipes the line, before anything else is printed.
void ClearProgress();

}  // namespace kvshim::bench
