#include "process_usage.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "http/client.h"

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

std::chrono::nanoseconds Ticks(int64_t ticks) {
  return std::chrono::nanoseconds(ticks * (1'000'000'000 / sysconf(_SC_CLK_TCK)));
}

// The most that was resident counts anew from here; where that is not allowed, from the start.
void ForgetPeak(pid_t pid) {
  std::ofstream(base::Concat("/proc/", pid, "/clear_refs")) << "5" << std::flush;
}

// What /proc/PID/stat tells about a family.
struct Kinship {
  pid_t parent = 0;
  std::chrono::nanoseconds ended_children{0};  // the CPU time of those waited for
};

absl::StatusOr<Kinship> ReadKinship(pid_t pid) {
  const std::string text = base::ReadFile(base::Concat("/proc/", pid, "/stat")).value_or("");
  // After the name, which may be anything: state, parent, ..., cutime and cstime as the 14th and
  // 15th word.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return absl::UnavailableError(base::Concat("process ", pid, " is gone"));
  }
  std::istringstream words(text.substr(name_end + 1));
  Kinship kinship;
  std::string word;
  int64_t ticks = 0;
  for (int number = 1; number <= 15 && words >> word; ++number) {
    if (number == 2) kinship.parent = std::stoi(word);
    if (number >= 14) ticks += std::stoll(word);
  }
  kinship.ended_children = Ticks(ticks);
  return kinship;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto kinship = ReadKinship(std::stoi(name));
    if (kinship.ok() && kinship->parent == parent) children.push_back(std::stoi(name));
  }
  return children;
}

// A process' share of the pages it uses: those of several processes are divided among them.
absl::StatusOr<int64_t> ReadShareOfMemory(pid_t pid) {
  ASSIGN_OR_RETURN(const int64_t kib,
                   ReadField(base::Concat("/proc/", pid, "/smaps_rollup"), "Pss:"));
  return kib * 1024;
}

// The number of a line "name number"; -1 where there is none.
double MetricOf(const std::string& page, const std::string& name) {
  const size_t line = page.find(base::Concat("\n", name, " "));
  return line == std::string::npos ? -1 : std::atof(page.c_str() + line + name.size() + 2);
}

}  // namespace

ProcessUsage& ProcessUsage::operator+=(const ProcessUsage& other) {
  cpu += other.cpu;
  written_bytes += other.written_bytes;
  resident_bytes += other.resident_bytes;
  peak_bytes += other.peak_bytes;
  return *this;
}

absl::StatusOr<ProcessUsage> ReadProcessUsage(pid_t pid) {
  if (pid == 0) pid = getpid();
  const std::string folder = base::Concat("/proc/", pid, "/");
  ProcessUsage usage;
  ASSIGN_OR_RETURN(usage.cpu, ReadCpu(pid));
  ASSIGN_OR_RETURN(usage.written_bytes, ReadField(folder + "io", "write_bytes:"));
  ASSIGN_OR_RETURN(const int64_t resident_kib, ReadField(folder + "status", "VmRSS:"));
  ASSIGN_OR_RETURN(const int64_t peak_kib, ReadField(folder + "status", "VmHWM:"));
  usage.resident_bytes = resident_kib * 1024;
  usage.peak_bytes = peak_kib * 1024;
  return usage;
}

absl::StatusOr<ProcessUsage> ReadFamilyUsage(pid_t parent) {
  // A child that ends meanwhile counts with its parent from then on; at worst it is missed once.
  ASSIGN_OR_RETURN(ProcessUsage sum, ReadProcessUsage(parent));
  const std::vector<pid_t> children = ChildrenOf(parent);
  if (children.empty()) return sum;
  ASSIGN_OR_RETURN(sum.resident_bytes, ReadShareOfMemory(parent));
  for (const pid_t child : children) {
    auto usage = ReadProcessUsage(child);
    const auto memory = ReadShareOfMemory(child);
    if (!usage.ok() || !memory.ok()) continue;
    usage->resident_bytes = *memory;
    sum += *usage;
  }
  // Read last: what ended before is in it. Its bytes written are in its parent's already.
  ASSIGN_OR_RETURN(const Kinship kinship, ReadKinship(parent));
  sum.cpu += kinship.ended_children;
  return sum;
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
  return Ticks(ticks);
}

absl::StatusOr<Meter::Reading> Meter::Read() const {
  Reading reading;
  for (const pid_t server : group_.servers) {
    ASSIGN_OR_RETURN(const ProcessUsage usage, ReadProcessUsage(server));
    reading.server += usage;
  }
  if (has_database()) {
    ASSIGN_OR_RETURN(reading.database, ReadFamilyUsage(group_.database));
  }
  ASSIGN_OR_RETURN(reading.own, ReadProcessUsage(0));
  ASSIGN_OR_RETURN(reading.machine, ReadMachineCpu());
  return reading;
}

// Of a log's flushes the histogram holds one each; of a backend's commits etcd's bbolt syncs twice,
// the pages and the page that points to them. kvshim has both histograms for the same flush.
double Meter::ReadSyncs() const {
  if (group_.metrics.empty()) return -1;
  double syncs = 0;
  for (const std::string& target : group_.metrics) {
    const auto page = http::Client("http://" + target, {}).Get("/metrics");
    if (!page.ok()) return -1;
    const double logged = MetricOf(*page, "etcd_disk_wal_fsync_duration_seconds_count");
    if (logged < 0) return -1;
    syncs += logged;
    if (MetricOf(*page, "kvshim_batch_rows_count") >= 0) continue;
    syncs += 2 * MetricOf(*page, "etcd_disk_backend_commit_duration_seconds_count");
  }
  return syncs;
}

absl::Status Meter::Begin() {
  const double syncs = ReadSyncs();
  for (const pid_t server : group_.servers) ForgetPeak(server);
  ASSIGN_OR_RETURN(begin_usage_, Read());
  begin_usage_.syncs = syncs;
  begin_ = std::chrono::steady_clock::now();
  return absl::OkStatus();
}

absl::Status Meter::End() {
  end_ = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(end_usage_, Read());
  end_usage_.syncs = ReadSyncs();
  return absl::OkStatus();
}

ProcessUsage Meter::Used(const ProcessUsage& begin, const ProcessUsage& end) {
  return {end.cpu - begin.cpu, end.written_bytes - begin.written_bytes, end.resident_bytes,
          end.peak_bytes};
}

double Meter::syncs() const {
  return begin_usage_.syncs < 0 || end_usage_.syncs < 0 ? -1
                                                        : end_usage_.syncs - begin_usage_.syncs;
}

double Meter::own_load() const { return Processors(own().cpu, seconds()); }

double Meter::foreign_load() const {
  return Processors(
      end_usage_.machine - begin_usage_.machine - server().cpu - database().cpu - own().cpu,
      seconds());
}

}  // namespace kvshim::bench
