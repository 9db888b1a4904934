#include <unistd.h>

#include <boost/json.hpp>
#include <string>

#include "absl/synchronization/mutex.h"
#include "base/logger.h"
#include "base/strings.h"
#include "command/process.h"
#include "kvshim/server.h"
#include "kvshim/store.h"
#include "kvshim/version.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

using command::Fail;

std::string Ready(const Server& server) {
  boost::json::array urls;
  for (const std::string& url : server.client_urls()) urls.emplace_back(url);
  return boost::json::serialize(boost::json::object{{"pid", static_cast<int64_t>(getpid())},
                                                    {"client_urls", urls},
                                                    {"metrics_url", server.metrics_url()}});
}

}  // namespace

int Serve(const ServeSettings& settings) {
  command::Apply(settings.log);
  if (absl::Status status = Validate(settings); !status.ok()) {
    Fail("wrong settings", status);
    return 2;
  }
  // Debian's abseil looks for lock cycles, also in gRPC: a twentieth of a busy server's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  command::Process process;
  base::Log(base::Level::kInfo, "kvshim starts",
            {{"version", kVersion}, {"etcd", settings.server.etcd_version}, {"pid", getpid()}});

  auto store = process.WhenThere([&] { return Store::Open(settings.endpoint, settings.store); });
  if (!store.ok()) return Fail("cannot open the database", store.status());
  auto server = Server::Start(**store, settings.server);
  if (!server.ok()) return Fail("cannot serve", server.status());
  base::Log(base::Level::kInfo, "serving etcd's API",
            {{"clients", base::Join((*server)->client_urls(), ",")},
             {"metrics", (*server)->metrics_url()}});
  if (absl::Status status = process.TellReady(settings.ready_file, Ready(**server)); !status.ok()) {
    return Fail("cannot tell that it serves", status);
  }
  process.AwaitStop();
  (*server)->Drain(command::kGrace);
  server->reset();
  store->reset();
  base::Log(base::Level::kInfo, "stopped");
  return 0;
}

}  // namespace kvshim::cli
