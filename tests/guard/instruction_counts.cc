#include "guard/instruction_counts.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::guard {
namespace {

using base::Concat;

// What came out goes to `log`.
absl::Status RunUnderCallgrind(const std::string& driver, const std::string& out,
                               const std::string& log) {
  const std::string out_flag = "--callgrind-out-file=" + out;
  const std::vector<const char*> arguments{"valgrind",           "--tool=callgrind",
                                           "--instr-atstart=no", out_flag.c_str(),
                                           driver.c_str(),       nullptr};
  const std::vector<const char*> environment{
      "PATH=/usr/local/bin:/usr/bin:/bin",
      "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-ERMS,-AVX_Fast_Unaligned_Load"
      ":glibc.malloc.arena_max=1:glibc.malloc.mxfast=0",
      "OPENSSL_ia32cap=~0x1000000000000000:~0x20000020",  // no AVX, AVX2, SHA
      nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int failed =
      posix_spawnp(&pid, "valgrind", &actions, nullptr, const_cast<char* const*>(arguments.data()),
                   const_cast<char* const*>(environment.data()));
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return absl::NotFoundError(
        Concat("cannot start valgrind: ", strerror(failed), "; ./dev setup installs it"));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return absl::OkStatus();
  std::ostringstream said;
  said << std::ifstream(log).rdbuf();
  return absl::InternalError(Concat(driver, " failed under valgrind:\n", said.str()));
}

// The lines of a dump that matter here.
struct Dump {
  std::string reason;
  std::string totals;   // of all threads
  std::string summary;  // of the thread that had it written, if anything
  std::string text;     // all of it
};

// The text behind `label` in a line that begins with it.
void ReadAfter(std::string_view line, std::string_view label, std::string& out) {
  if (line.starts_with(label)) out = line.substr(label.size());
}

Dump ReadDump(const std::string& path) {
  Dump dump;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    ReadAfter(line, "desc: Trigger: Client Request: ", dump.reason);
    ReadAfter(line, "totals: ", dump.totals);
    ReadAfter(line, "summary: ", dump.summary);
    dump.text += line + '\n';
  }
  return dump;
}

// callgrind_annotate takes its percentages from the summary.
void MendSummary(const std::string& path, Dump dump) {
  const std::string wrong = "summary: " + dump.summary + '\n';
  const size_t place = dump.text.find(wrong);
  if (place == std::string::npos) return;
  dump.text.replace(place, wrong.size(), "summary: " + dump.totals + '\n');
  std::ofstream(path) << dump.text;
}

// No operation where the dump has another reason than the driver's.
absl::StatusOr<InstructionCount> ReadCount(const std::string& path) {
  Dump dump = ReadDump(path);
  InstructionCount count{.file = path};
  double operations = 0;
  if (dump.reason.empty()) return count;
  std::istringstream(dump.reason) >> count.operation >> operations;
  std::istringstream(dump.totals) >> count.instructions;
  if (operations <= 0 || count.instructions <= 0) {
    return absl::InternalError(Concat(path, " is no count of instructions"));
  }
  count.instructions /= operations;
  MendSummary(path, std::move(dump));
  return count;
}

}  // namespace

absl::StatusOr<std::vector<InstructionCount>> CountInstructions(const std::string& driver,
                                                                const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string out = folder + "/callgrind.out";
  RETURN_IF_ERROR(RunUnderCallgrind(driver, out, folder + "/log"));
  std::vector<InstructionCount> counts;
  for (int part = 1;; ++part) {
    const std::string path = Concat(out, ".", part);
    if (!std::filesystem::exists(path)) return counts;
    ASSIGN_OR_RETURN(InstructionCount count, ReadCount(path));
    if (!count.operation.empty()) counts.push_back(std::move(count));
  }
}

}  // namespace kvshim::guard
