// A program started for a measurement, in a folder of its own, where its output goes too. It does
// not outlive the load generator: the kernel ends it with the thread that started it.
//
//   ASSIGN_OR_RETURN(auto process, Process::Start({{"etcd", "--data-dir", "data"}, folder}));
//   if (process->HasEnded()) return process->Failure("etcd ended at its start");
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::bench {

// Whom a program runs as. Database servers refuse to run as root.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

struct Command {
  std::vector<std::string> words;  // the program, looked up on the PATH, and its arguments
  std::filesystem::path folder;    // where it runs
  Account account;                 // heeded where this process is root's
  int stop_signal = SIGTERM;       // asks it to end
  int death_signal = SIGKILL;      // what it gets when the load generator goes without a word
};

class Process {
 public:
  static absl::StatusOr<std::unique_ptr<Process>> Start(const Command& command);
  // Stops it: asks first, and kills it where it does not heed that.
  ~Process();

  void Stop();
  bool HasEnded();
  // Whether it ended with status 0; only after HasEnded.
  bool succeeded() const { return exit_status_ == 0; }
  pid_t pid() const { return pid_; }

  // What is wrong, with the end of its output.
  absl::Status Failure(const std::string& what) const;

 private:
  explicit Process(Command command) : command_(std::move(command)) {}

  const Command command_;
  pid_t pid_ = 0;
  int exit_status_ = 0;
};

// Runs a program to its end; its failure is an error that shows its output.
absl::Status RunToEnd(const Command& command);

// The user of this name where this process is root's, and nothing to heed otherwise.
absl::StatusOr<Account> AccountOf(const std::string& name);
// Hands a folder or file to the account, where this process is root's.
absl::Status GiveTo(const std::filesystem::path& path, const Account& account);

// The first line that `command` prints; empty where it cannot be run.
std::string FirstLineOf(const std::vector<std::string>& command);

// A program's path: as it is where it names a folder, else from the PATH; empty where it is not.
std::string FindProgram(const std::string& name);

}  // namespace kvshim::bench
