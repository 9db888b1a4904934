#include "remote/remote_watch.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/logger.h"
#include "remote/messages.h"

namespace kvshim::remote {
namespace {

using Stream = grpc::ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>;
using Factory = grpc::internal::ClientReaderWriterFactory<etcdserverpb::WatchRequest,
                                                          etcdserverpb::WatchResponse>;

constexpr std::chrono::milliseconds kPause{200};

}  // namespace

RemoteWatch::RemoteWatch(Cluster& cluster, WatchRequest request, Observer observer)
    : cluster_(cluster), request_(std::move(request)), observer_(std::move(observer)) {
  thread_ = std::thread([this] { Run(); });
}

RemoteWatch::~RemoteWatch() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
    changed_.NotifyAll();
  }
  thread_.join();
}

void RemoteWatch::Run() {
  pthread_setname_np(pthread_self(), "kv-remote-watch");
  while (Follow() && Pause()) {
  }
}

bool RemoteWatch::Pause() {
  base::MutexLock lock(mutex_);
  if (!stopping_) changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + kPause);
  return !stopping_;
}

bool RemoteWatch::Follow() {
  const absl::StatusOr<Cluster::Connection> connection = cluster_.Connected();
  if (!connection.ok()) return true;
  grpc::ClientContext context;
  cluster_.Fill(context);
  {
    base::MutexLock lock(mutex_);
    if (stopping_) return false;
    context_ = &context;
  }
  const grpc::internal::RpcMethod method(kWatch, grpc::internal::RpcMethod::BIDI_STREAMING);
  const std::unique_ptr<Stream> stream(
      Factory::Create(connection->channel.get(), method, &context));
  etcdserverpb::WatchRequest request;
  *request.mutable_create_request() = ToMessage(request_);
  bool goes_on = true;
  if (stream->Write(request)) {
    etcdserverpb::WatchResponse message;
    while (goes_on && stream->Read(&message)) goes_on = Take(message);
  }
  if (!goes_on) context.TryCancel();
  const grpc::Status status = stream->Finish();
  {
    base::MutexLock lock(mutex_);
    context_ = nullptr;
    if (stopping_ || !goes_on) return false;
  }
  base::Log(base::Level::kWarning, "a watch's connection broke off; it goes on with another",
            {{"error", status.error_message()}, {"from", request_.start_revision}});
  cluster_.Leave(*connection);
  return true;
}

bool RemoteWatch::Take(const etcdserverpb::WatchResponse& message) {
  if (absl::Status status = cluster_.Note(message.header()); !status.ok()) {
    End(std::string(status.message()));
    return false;
  }
  // A start that is compacted is refused after the watch was created, by its own response.
  if (message.canceled()) {
    WatchResponse response{.watch_id = WatchId{0},
                           .revision = message.header().revision(),
                           .canceled = true,
                           .compact_revision = message.compact_revision(),
                           .cancel_reason = message.cancel_reason()};
    Tell(response);
    return false;
  }
  if (message.created()) {
    // "From now on" is from then on, also where it goes on later.
    if (request_.start_revision == 0) request_.start_revision = message.header().revision() + 1;
    if (!std::exchange(told_created_, true)) {
      Tell({.watch_id = WatchId{0}, .revision = request_.start_revision - 1, .created = true});
    }
    return true;
  }
  WatchResponse response{.watch_id = WatchId{0}, .revision = message.header().revision()};
  for (const mvccpb::Event& event : message.events()) {
    response.events.push_back(FromMessage(event));
  }
  if (!response.events.empty()) response.revision = response.events.back().kv.mod_revision();
  if (response.revision < request_.start_revision) return true;  // progress from before the start
  request_.start_revision = response.revision + 1;
  if (!response.events.empty() || request_.progress_notify) Tell(response);
  return true;
}

void RemoteWatch::End(const std::string& reason) {
  Tell({.watch_id = WatchId{0}, .canceled = true, .cancel_reason = reason});
}

}  // namespace kvshim::remote
