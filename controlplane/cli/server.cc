#include "server/server.h"

#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "api/json.h"
#include "apiserver/version.h"
#include "base/logger.h"
#include "command/process.h"
#include "kvshim/store.h"
#include "server/version.h"
#include "subcommands.h"

namespace kvplane::cli {
namespace {

namespace base = kvshim::base;

using kvshim::command::Fail;

std::string Ready(const server::Server& server) {
  return api::ToJson(api::json::Object{{"pid", static_cast<int64_t>(getpid())},
                                       {"url", server.url().c_str()},
                                       {"kubeconfig", server.kubeconfig().c_str()}});
}

// Answers may be of many megabytes. Left to itself the allocator takes such pieces from its heaps
// once it has seen one, and keeps what it took; those of this size go back to the system.
void ReturnLargePieces() { mallopt(M_MMAP_THRESHOLD, 1 << 20); }

void MakeFolders(const ServerSettings& settings) {
  std::error_code ignored;  // the store says what it cannot open
  std::filesystem::create_directories(settings.store.state_directory, ignored);
  // What is in there is nobody else's to read, the database of SQLite least of all.
  std::filesystem::permissions(settings.server.data_dir + "/server",
                               std::filesystem::perms::owner_all, ignored);
}

absl::StatusOr<std::unique_ptr<kvshim::Store>> OpenStore(const ServerSettings& settings) {
  return IsEtcd(settings.datastore_endpoint)
             ? kvshim::Store::Connect(settings.datastore_endpoint, settings.store)
             : kvshim::Store::Open(settings.datastore_endpoint, settings.store);
}

}  // namespace

int Server(const ServerSettings& settings) {
  ReturnLargePieces();
  kvshim::command::Apply(settings.log);
  kvshim::command::Process process;
  base::Log(
      base::Level::kInfo, "kvplane starts",
      {{"version", server::kVersion}, {"kubernetes", apiserver::kGitVersion}, {"pid", getpid()}});

  MakeFolders(settings);
  auto store = process.WhenThere([&] { return OpenStore(settings); });
  if (!store.ok()) return Fail("cannot open the datastore", store.status());
  auto server = server::Server::Start(**store, settings.server);
  if (!server.ok()) return Fail("cannot serve", server.status());
  base::Log(base::Level::kInfo, "serving Kubernetes' API",
            {{"url", (*server)->url()}, {"kubeconfig", (*server)->kubeconfig()}});
  if (absl::Status status = process.TellReady(settings.ready_file, Ready(**server)); !status.ok()) {
    return Fail("cannot tell that it serves", status);
  }
  process.AwaitStop();
  (*server)->Drain(kvshim::command::kGrace);
  server->reset();
  store->reset();
  base::Log(base::Level::kInfo, "stopped");
  return 0;
}

}  // namespace kvplane::cli
