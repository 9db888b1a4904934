#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/metrics.h"

namespace kvshim::base {
namespace {

// Field `number`, counted from 1 as proc(5) does, of /proc/self/stat; from 3 on only, since the
// second may contain spaces.
double StatField(int number) {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= number; ++i) rest >> field;
  return std::strtod(field.c_str(), nullptr);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenFiles() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int count = -3;  // ".", ".." and the descriptor of this listing
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

double MaxFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double StartTime() {
  std::ifstream file("/proc/stat");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("btime ", 0) == 0) {
      return std::stod(line.substr(6)) + StatField(22) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }
  }
  return 0;
}

}  // namespace

void AddProcessMetrics(MetricsRegistry& registry) {
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  registry.AddCounter("process_cpu_seconds_total", "Total user and system CPU time in seconds.", {},
                      CpuSeconds);
  registry.AddGauge("process_resident_memory_bytes", "Resident memory size in bytes.", {},
                    [page] { return StatField(24) * page; });
  registry.AddGauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", {},
                    [] { return StatField(23); });
  registry.AddGauge("process_open_fds", "Number of open file descriptors.", {}, OpenFiles);
  registry.AddGauge("process_max_fds", "Maximum number of open file descriptors.", {}, MaxFiles);
  registry.AddGauge("process_start_time_seconds",
                    "Start time of the process since the Unix epoch in seconds.", {},
                    [start = StartTime()] { return start; });
}

}  // namespace kvshim::base
