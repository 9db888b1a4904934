#include "rpc/server.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "rpc/connection.h"
#include "rpc/reflection_service.h"
#include "rpc/tls_session.h"

namespace kvshim::rpc {
namespace {

// For clients to hear that they should go elsewhere: until then their calls are answered properly.
constexpr std::chrono::milliseconds kLastOrders{100};
// For the last answers to leave.
constexpr std::chrono::milliseconds kGoodbye{200};

}  // namespace

Server::Server(ServerOptions options, std::vector<Service> services)
    : options_(std::move(options)), services_(WithBuiltIn(std::move(services))) {
  if (options_.observer != nullptr) {
    std::vector<const Method*> methods;
    for (const Service& service : services_) {
      for (const Method& method : service.methods()) {
        if (!method.is_built_in) methods.push_back(&method);
      }
    }
    options_.observer->OnMethods(methods);
  }
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int threads = options_.threads > 0 ? options_.threads : std::max(1, cores / 2);
  for (int i = 0; i < threads; ++i) {
    loops_.push_back(std::make_unique<EventLoop>());
    loops_.back()->Start(base::Concat("kv-rpc-", i));
  }
}

Server::~Server() { Drain({}, absl::UnavailableError("the server stops")); }

std::vector<Service> Server::WithBuiltIn(std::vector<Service> services) {
  if (options_.health) services.push_back(health_.MakeService());
  if (options_.reflection) {
    std::vector<std::string> names;
    for (const Service& service : services) names.push_back(service.name());
    for (Service& service : ReflectionServices(std::move(names))) {
      services.push_back(std::move(service));
    }
  }
  return services;
}

void Server::TakeConnection(int fd, std::string_view read_already) {
  EventLoop& loop = *loops_[next_loop_.fetch_add(1) % loops_.size()];
  auto tls = options_.tls ? std::make_unique<TlsSession>(options_.tls()) : nullptr;
  const auto connection = std::make_shared<Connection>(state_, loop, fd, std::move(tls));
  if (!state_.AddConnection(connection)) return;  // which closes it
  loop.Post([connection, read = std::string(read_already)] { connection->Start(read); });
}

template <typename Function>
void Server::ForEachConnection(Function function) {
  for (const std::shared_ptr<Connection>& connection : state_.connections()) {
    connection->loop().Post([connection, function] { function(*connection); });
  }
}

void Server::Drain(std::chrono::milliseconds grace, absl::Status stream_status) {
  base::MutexLock drain_lock(drain_mutex_);
  if (std::exchange(drained_, true)) return;
  const auto now = [] { return base::Clock::Real().Now(); };
  SetServing(false);
  for (const std::shared_ptr<Stream>& stream : state_.BeginDrain(stream_status)) {
    stream->Finish(stream_status);
  }
  ForEachConnection([](Connection& connection) { connection.SayGoodbye(); });
  std::this_thread::sleep_for(std::min(grace, kLastOrders));
  state_.WaitUntilIdle(now() + grace);
  state_.RefuseConnections();
  ForEachConnection([](Connection& connection) { connection.Close(false); });
  if (!state_.WaitUntilUnconnected(now() + std::min(grace, kGoodbye))) {
    ForEachConnection([](Connection& connection) { connection.Close(true); });
  }
  state_.WaitUntilUnconnected(base::TimePoint::max());
  for (const std::unique_ptr<EventLoop>& loop : loops_) loop->Stop();
}

}  // namespace kvshim::rpc
