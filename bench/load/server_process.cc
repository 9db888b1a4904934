#include "server_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"

namespace kvshim::bench {
namespace {

constexpr std::chrono::seconds kStartTimeout{30};
constexpr std::chrono::seconds kStopTimeout{10};
constexpr std::chrono::milliseconds kPoll{10};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Free when asked; etcd takes no port 0.
absl::StatusOr<int> FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = listener >= 0 &&
                     bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (listener >= 0) close(listener);
  if (!bound) return absl::UnavailableError("127.0.0.1 has no free port");
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool listens =
      connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(connection);
  return listens;
}

std::vector<char*> Pointers(const std::vector<std::string>& command) {
  std::vector<char*> pointers;
  for (const std::string& word : command) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::StartKvshim(
    const std::string& binary, const std::filesystem::path& parent) {
  return Start(Kind::kKvshim, binary, parent);
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::StartEtcd(
    const std::string& binary, const std::filesystem::path& parent) {
  return Start(Kind::kEtcd, binary, parent);
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    Kind kind, const std::string& binary, const std::filesystem::path& parent) {
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  server->kind_ = kind;
  server->binary_ = binary;
  std::string folder = parent / "kvshim-load-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::PermissionDeniedError(base::Concat("cannot make a folder in ", parent.string()));
  }
  server->folder_ = folder;
  RETURN_IF_ERROR(server->Launch());
  return server;
}

absl::Status ServerProcess::Restart() {
  Stop();
  return Launch();
}

absl::Status ServerProcess::Launch() {
  return kind_ == Kind::kKvshim ? LaunchKvshim() : LaunchEtcd();
}

absl::Status ServerProcess::LaunchKvshim() {
  const std::filesystem::path ready = folder_ / "ready.json";
  std::error_code ignored;
  std::filesystem::remove(ready, ignored);
  RETURN_IF_ERROR(Execute(
      {binary_, "serve", "--listen-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0",
       "--endpoint",
       base::Concat("sqlite://", std::filesystem::absolute(folder_ / "state.db").string()),
       "--log-level", "warn", "--quota-backend-bytes", "8GiB", "--ready-file", ready.string()}));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!std::filesystem::exists(ready)) {
    if (HasEnded()) return Failure("kvshim ended at its start");
    if (std::chrono::steady_clock::now() > deadline) return Failure("kvshim is not ready");
    std::this_thread::sleep_for(kPoll);
  }
  boost::json::error_code error;
  const boost::json::value said = boost::json::parse(ReadFile(ready), error);
  const boost::json::value* url = error ? nullptr : said.find_pointer("/client_urls/0", error);
  if (url == nullptr || !url->is_string()) return Failure("kvshim's ready file has no URL");
  const std::string text(url->get_string());
  target_ = text.substr(text.find("://") + 3);
  return absl::OkStatus();
}

absl::Status ServerProcess::LaunchEtcd() {
  ASSIGN_OR_RETURN(const int client_port, FreePort());
  ASSIGN_OR_RETURN(const int peer_port, FreePort());
  target_ = base::Concat("127.0.0.1:", client_port);
  const std::string client_url = "http://" + target_;
  const std::string peer_url = base::Concat("http://127.0.0.1:", peer_port);
  RETURN_IF_ERROR(Execute(
      {binary_, "--data-dir", (folder_ / "data").string(), "--listen-client-urls", client_url,
       "--advertise-client-urls", client_url, "--listen-peer-urls", peer_url,
       "--initial-advertise-peer-urls", peer_url, "--initial-cluster", "default=" + peer_url,
       "--quota-backend-bytes", "8589934592", "--log-level", "warn"}));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  // etcd listens once it has elected itself.
  while (!Listens(client_port)) {
    if (HasEnded()) return Failure("etcd ended at its start");
    if (std::chrono::steady_clock::now() > deadline) return Failure("etcd is not ready");
    std::this_thread::sleep_for(kPoll);
  }
  return absl::OkStatus();
}

absl::Status ServerProcess::Execute(const std::vector<std::string>& command) {
  const std::string output = folder_ / "output";
  const std::vector<char*> arguments = Pointers(command);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    pid_ = 0;
    return absl::ResourceExhaustedError("cannot fork");
  }
  if (pid_ > 0) return absl::OkStatus();
  // In the child only what is safe between fork and exec.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

bool ServerProcess::HasEnded() {
  if (pid_ == 0) return true;
  if (waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
  pid_ = 0;
  return true;
}

absl::Status ServerProcess::Failure(const std::string& what) const {
  constexpr size_t kShown = 1000;
  std::string output = ReadFile(folder_ / "output");
  if (output.size() > kShown) output.erase(0, output.size() - kShown);
  return absl::UnavailableError(base::Concat(what, "; its output: ", output));
}

void ServerProcess::Stop() {
  if (pid_ != 0) kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kStopTimeout;
  while (!HasEnded()) {
    if (std::chrono::steady_clock::now() > deadline) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(kPoll);
  }
}

ServerProcess::~ServerProcess() {
  Stop();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
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

}  // namespace kvshim::bench
