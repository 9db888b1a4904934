#include "rpc/health_service.h"

#include <utility>

#include "health.pb.h"

namespace kvshim::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

Message Encode(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse response;
  response.set_status(status);
  return Message::Copy(response.SerializeAsString());
}

}  // namespace

// A client that wants to hear of changes.
class HealthService::Watcher final : public StreamHandler {
 public:
  explicit Watcher(HealthService& health) : health_(health) {}

  void OnOpen(std::shared_ptr<Stream> stream) override { stream_ = std::move(stream); }

  void OnMessage(Payload message) override {
    HealthCheckRequest request;
    if (!message.Parse(request)) {
      return stream_->Finish(absl::InternalError("grpc: not a HealthCheckRequest"));
    }
    if (!request.service().empty()) {
      return stream_->Send(Encode(HealthCheckResponse::SERVICE_UNKNOWN));
    }
    base::MutexLock lock(health_.mutex_);
    health_.watchers_.insert(this);
    Tell();
  }

  void OnDone() override {
    base::MutexLock lock(health_.mutex_);
    health_.watchers_.erase(this);
  }

  void Tell() REQUIRES(health_.mutex_) { stream_->Send(health_.StatusMessage()); }

 private:
  HealthService& health_;
  std::shared_ptr<Stream> stream_;
};

Service HealthService::MakeService() {
  Service service("grpc.health.v1.Health");
  service.Unary("Check", [this](UnaryCall call) {
    HealthCheckRequest request;
    if (!call.request().Parse(request)) {
      return call.Finish(absl::InternalError("grpc: not a HealthCheckRequest"));
    }
    if (!request.service().empty()) return call.Finish(absl::NotFoundError("unknown service"));
    base::MutexLock lock(mutex_);
    call.Finish(StatusMessage());
  });
  service.ServerStreaming("Watch", [this] { return std::make_unique<Watcher>(*this); });
  service.MarkBuiltIn();
  return service;
}

void HealthService::SetServing(bool serving) {
  base::MutexLock lock(mutex_);
  if (std::exchange(serving_, serving) == serving) return;
  for (Watcher* watcher : watchers_) watcher->Tell();
}

Message HealthService::StatusMessage() const {
  return Encode(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
}

}  // namespace kvshim::rpc
