#include "progress.h"

#include <unistd.h>

#include <cstdio>

namespace kvshim::bench {

OnProgress ProgressLine(const std::string& what) {
  if (isatty(STDERR_FILENO) == 0) return nullptr;
  return [what](double seconds, double per_second) {
    std::fprintf(stderr, "\r\033[K  %s: %.1f s, %.0f/s", what.c_str(), seconds, per_second);
    std::fflush(stderr);
  };
}

void ClearProgress() {
  if (isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
}

}  // namespace kvshim::bench
