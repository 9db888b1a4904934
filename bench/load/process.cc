#include "process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {
namespace {

constexpr std::chrono::seconds kStopTimeout{30};
constexpr std::chrono::minutes kRunTimeout{5};
constexpr std::chrono::milliseconds kPoll{10};
constexpr char kOutput[] = "output";

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

bool IsRoot() { return geteuid() == 0; }

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const Command& command) {
  std::unique_ptr<Process> process(new Process(command));
  const std::string output = command.folder / kOutput;
  const std::string folder = command.folder;
  const std::vector<char*> arguments = Pointers(command.words);
  const bool change_user = IsRoot() && command.account.user != 0;
  const pid_t parent = getpid();
  process->pid_ = fork();
  if (process->pid_ < 0) {
    process->pid_ = 0;
    return absl::ResourceExhaustedError("cannot fork");
  }
  if (process->pid_ > 0) return process;
  // In the child only what is safe between fork and exec. A session of its own: an interrupt at
  // the terminal reaches the load generator alone, which stops its servers in order.
  setsid();
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  if (chdir(folder.c_str()) != 0) _exit(126);
  if (change_user && (setgroups(0, nullptr) != 0 || setgid(command.account.group) != 0 ||
                      setuid(command.account.user) != 0)) {
    _exit(126);
  }
  // After the change of user, which forgets it.
  prctl(PR_SET_PDEATHSIG, command.death_signal);
  if (getppid() != parent) _exit(127);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

bool Process::HasEnded() {
  if (pid_ == 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  exit_status_ = status;
  pid_ = 0;
  return true;
}

void Process::Stop() {
  if (pid_ != 0) kill(pid_, command_.stop_signal);
  const auto deadline = std::chrono::steady_clock::now() + kStopTimeout;
  while (!HasEnded()) {
    if (std::chrono::steady_clock::now() > deadline) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(kPoll);
  }
}

Process::~Process() { Stop(); }

absl::Status Process::Failure(const std::string& what) const {
  constexpr size_t kShown = 1000;
  std::string output = base::ReadFile(command_.folder / kOutput).value_or("");
  if (output.size() > kShown) output.erase(0, output.size() - kShown);
  return absl::UnavailableError(
      base::ToAbsl(base::Concat(command_.words[0], ": ", what, "; its output: ", output)));
}

absl::Status RunToEnd(const Command& command) {
  ASSIGN_OR_RETURN(const auto process, Process::Start(command));
  const auto deadline = std::chrono::steady_clock::now() + kRunTimeout;
  while (!process->HasEnded()) {
    if (std::chrono::steady_clock::now() > deadline) return process->Failure("does not end");
    std::this_thread::sleep_for(kPoll);
  }
  return process->succeeded() ? absl::OkStatus() : process->Failure("failed");
}

absl::StatusOr<Account> AccountOf(const std::string& name) {
  if (!IsRoot()) return Account{};
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) {
    return absl::NotFoundError(base::Concat("there is no user ", name, " to run its server as"));
  }
  return Account{entry->pw_uid, entry->pw_gid};
}

absl::Status GiveTo(const std::filesystem::path& path, const Account& account) {
  if (!IsRoot() || account.user == 0) return absl::OkStatus();
  if (chown(path.c_str(), account.user, account.group) != 0) {
    return absl::PermissionDeniedError(base::Concat("cannot give ", path.string(), " away"));
  }
  return absl::OkStatus();
}

std::string FirstLineOf(const std::vector<std::string>& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  const std::vector<char*> arguments = Pointers(command);
  const int failed = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string output;
  char buffer[1024];
  ssize_t size = 0;
  while (failed == 0 && (size = read(ends[0], buffer, sizeof(buffer))) > 0) {
    output.append(buffer, static_cast<size_t>(size));
  }
  close(ends[0]);
  if (failed == 0) waitpid(pid, nullptr, 0);
  return output.substr(0, output.find('\n'));
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return access(name.c_str(), X_OK) == 0 ? std::filesystem::absolute(name).string() : "";
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    std::string program = base::Concat(folder, "/", name);
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

}  // namespace kvshim::bench
