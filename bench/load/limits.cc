#include "limits.h"

#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"
#include "echo.h"
#include "group_commit.h"
#include "loop.h"

namespace kvshim::bench {
namespace {

// A folder for a measurement, gone with it.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& parent)
      : path_(std::filesystem::absolute(parent) / "kvshim-bench-XXXXXX") {
    std::string name = path_;
    if (mkdtemp(name.data()) != nullptr) path_ = name;
    std::error_code ignored;
    // The database's own user must reach it.
    std::filesystem::permissions(path_, std::filesystem::perms(0755), ignored);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class EchoServer {
 public:
  static absl::StatusOr<EchoServer> Start(const std::filesystem::path& folder) {
    EchoServer server;
    const std::filesystem::path ready = folder / "ready";
    ASSIGN_OR_RETURN(server.process_,
                     Process::Start({{"/proc/self/exe", "bench", "echo", ready}, folder}));
    while (!std::filesystem::exists(ready)) {
      if (server.process_->HasEnded()) return server.process_->Failure("ended at its start");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    std::ifstream(ready) >> server.target_;
    return server;
  }

  const std::string& target() const { return target_; }
  pid_t pid() const { return process_->pid(); }

 private:
  std::unique_ptr<Process> process_;
  std::string target_;
};

absl::StatusOr<Result> MeasureEcho(size_t request, size_t reply, const ComparisonOptions& options) {
  const Folder folder(options.data_folder);
  ASSIGN_OR_RETURN(const EchoServer server, EchoServer::Start(folder.path()));
  ASSIGN_OR_RETURN(const auto connections,
                   Connections::Open({server.target()}, options.load.connections));
  EchoCalls calls(request, reply);
  Loop loop(*connections, calls, {.clients = options.load.clients});
  return loop.Run(options.load.warmup, options.load.duration, {{server.pid()}});
}

// The fastest of as many measurements as there are rounds: a limit is what was possible once.
template <typename Measure>
void Note(const std::string& name, const ComparisonOptions& options, std::vector<Limit>& limits,
          const Measure& measure) {
  Result fastest;
  for (int round = 0; round < options.rounds; ++round) {
    absl::StatusOr<Result> result = measure();
    if (!result.ok()) {
      std::fprintf(stderr, "  %s: %s\n", name.c_str(),
                   std::string(result.status().message()).c_str());
      return;
    }
    if (result->per_second > fastest.per_second) fastest = *std::move(result);
  }
  std::fprintf(stderr, "  %-45s %10.0f /s   p50 %9.0f us   p99 %9.0f us\n", name.c_str(),
               fastest.per_second, fastest.p50_us, fastest.p99_us);
  limits.push_back({name, std::move(fastest)});
}

}  // namespace

void MeasureNetwork(const ComparisonOptions& options, std::vector<Limit>& limits) {
  // Of a request and its reply, beside the value.
  constexpr size_t kRest = 64;
  const size_t value = options.load.value_size;
  Note("gRPC, bytes of a get", options, limits,
       [&] { return MeasureEcho(kRest, kRest + value, options); });
  Note("gRPC, bytes of a write", options, limits,
       [&] { return MeasureEcho(kRest + value, kRest, options); });
  const auto page = static_cast<size_t>(options.load.page) * (kRest + value / 2);
  Note("gRPC, bytes of a first page", options, limits,
       [&] { return MeasureEcho(kRest, page, options); });
  const auto list = static_cast<size_t>(options.load.list_keys) * (kRest + value);
  Note("gRPC, bytes of a list", options, limits, [&] { return MeasureEcho(kRest, list, options); });
}

void MeasureDatabase(Engine engine, const ComparisonOptions& options, std::vector<Limit>& limits) {
  for (const int rows : {options.load.clients, 1}) {
    Note(base::Concat(NameOf(engine), ", ", rows, rows == 1 ? " row" : " rows", " a commit"),
         options, limits, [&] {
           const Folder folder(options.data_folder);
           return RunGroupCommit(engine, folder.path(), rows, options.load.value_size,
                                 options.load.duration);
         });
  }
}

}  // namespace kvshim::bench
