#include "process_usage.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {
namespace {

// The number after `name:` in a file of lines "name: number ...".
absl::StatusOr<int64_t> ReadField(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    int64_t value = 0;
    if (word == name && file >> value) return value;
  }
  return absl::UnavailableError(base::Concat(path, " has no ", name));
}

absl::StatusOr<std::chrono::nanoseconds> ReadCpu(pid_t pid) {
  // The process' CPU clock holds what utime and stime of /proc/PID/stat show, unrounded.
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return absl::UnavailableError(base::Concat("process ", pid, " is gone"));
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

double Processors(std::chrono::nanoseconds cpu, double seconds) {
  return std::max(0.0, std::chrono::duration<double>(cpu).count() / std::max(seconds, 1e-9));
}

}  // namespace

absl::StatusOr<ProcessUsage> ReadProcessUsage(pid_t pid) {
  if (pid == 0) pid = getpid();
  const std::string folder = base::Concat("/proc/", pid, "/");
  ProcessUsage usage;
  ASSIGN_OR_RETURN(usage.cpu, ReadCpu(pid));
  ASSIGN_OR_RETURN(usage.written_bytes, ReadField(folder + "io", "write_bytes:"));
  ASSIGN_OR_RETURN(const int64_t resident_kib, ReadField(folder + "status", "VmRSS:"));
  usage.resident_bytes = resident_kib * 1024;
  return usage;
}

absl::StatusOr<std::chrono::nanoseconds> ReadMachineCpu() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  int64_t user = 0;
  int64_t nice = 0;
  int64_t system = 0;
  int64_t idle = 0;
  int64_t waiting = 0;
  int64_t interrupts = 0;
  int64_t soft_interrupts = 0;
  int64_t stolen = 0;
  if (!(file >> cpu >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts >>
        stolen)) {
    return absl::UnavailableError("/proc/stat cannot be read");
  }
  const int64_t ticks = user + nice + system + interrupts + soft_interrupts + stolen;
  return std::chrono::nanoseconds(ticks * (1'000'000'000 / sysconf(_SC_CLK_TCK)));
}

absl::Status Meter::Begin() {
  if (has_server()) {
    ASSIGN_OR_RETURN(server_begin_, ReadProcessUsage(server_pid_));
  }
  ASSIGN_OR_RETURN(own_begin_, ReadProcessUsage(0));
  ASSIGN_OR_RETURN(machine_begin_, ReadMachineCpu());
  begin_ = std::chrono::steady_clock::now();
  return absl::OkStatus();
}

absl::Status Meter::End() {
  end_ = std::chrono::steady_clock::now();
  if (has_server()) {
    ASSIGN_OR_RETURN(server_end_, ReadProcessUsage(server_pid_));
  }
  ASSIGN_OR_RETURN(own_end_, ReadProcessUsage(0));
  ASSIGN_OR_RETURN(machine_end_, ReadMachineCpu());
  return absl::OkStatus();
}

double Meter::own_load() const { return Processors(own_end_.cpu - own_begin_.cpu, seconds()); }

double Meter::foreign_load() const {
  return Processors(machine_end_ - machine_begin_ - server_cpu() - (own_end_.cpu - own_begin_.cpu),
                    seconds());
}

}  // namespace kvshim::bench
