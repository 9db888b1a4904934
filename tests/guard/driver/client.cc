#include "guard/driver/client.h"

#include <algorithm>
#include <utility>

#include "etcd/kv_service.h"
#include "micro/must.h"

namespace kvshim::guard {

class Client::Call final : public rpc::UnaryCall::Transport {
 public:
  Call(Client& client, std::string request) : client_(client), request_(std::move(request)) {}

  std::string peer() const override { return ""; }
  std::optional<std::string> Metadata(std::string_view /*key*/) const override { return {}; }
  std::string peer_common_name() const override { return ""; }
  bool cancelled() const override { return false; }

  const rpc::Payload& request() const override { return request_; }
  void OnCancel(absl::AnyInvocable<void()> /*notify*/) override {}
  void Finish(absl::Status status, rpc::Message message) override {
    micro::Must(status);
    client_.Answered(std::move(message));
  }

 private:
  Client& client_;
  const rpc::Payload request_;
};

Client::Client(const etcd::ServiceContext& context) : service_(etcd::KvService(context)) {}

void Client::Send(std::string_view method, std::string request) {
  {
    base::MutexLock lock(mutex_);
    ++unanswered_;
  }
  for (const rpc::Method& candidate : service_.methods()) {
    if (candidate.name != method) continue;
    candidate.unary(rpc::UnaryCall(std::make_shared<Call>(*this, std::move(request))));
    return;
  }
  micro::Must(absl::NotFoundError(std::string(method)));
}

void Client::Answered(rpc::Message message) {
  const auto bytes = static_cast<int64_t>(message.size());
  static thread_local rpc::Outbox outbox;
  while (message.size() > 0) message.Take(std::min(message.size(), size_t{16384}), outbox);
  outbox.Clear();
  base::MutexLock lock(mutex_);
  bytes_ += bytes;
  if (--unanswered_ == 0) changed_.NotifyAll();
}

void Client::AwaitAnswers() {
  base::MutexLock lock(mutex_);
  while (unanswered_ > 0) changed_.Wait(mutex_);
}

int64_t Client::answered_bytes() const {
  base::MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace kvshim::guard
