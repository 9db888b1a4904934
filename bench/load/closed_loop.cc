#include "closed_loop.h"

#include <optional>

#include "base/status.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/async_unary_call.h"

namespace kvshim::bench {

using std::chrono::steady_clock;
using std::chrono::system_clock;

class ClosedLoop::Client final : public Completion {
 public:
  Client(ClosedLoop& loop, int number) : loop_(loop), number_(number) {}

  void Start() {
    if (loop_.left_ == 0) return;
    --loop_.left_;
    context_.emplace();
    context_->set_deadline(system_clock::now() + kCallTimeout);
    reply_.Clear();
    const grpc::ByteBuffer request = loop_.calls_.Next(number_);
    begin_ = steady_clock::now();
    call_ = loop_.connections_.of(number_).PrepareUnaryCall(&*context_, loop_.calls_.method(),
                                                            request, &loop_.connections_.queue());
    call_->StartCall();
    call_->Finish(&reply_, &status_, this);
    ++loop_.under_way_;
  }

  void Done(bool) override {
    const auto latency = steady_clock::now() - begin_;
    --loop_.under_way_;
    absl::Status status = ToStatus(status_);
    if (status.ok()) status = loop_.calls_.Check(number_, reply_);
    if (!status.ok()) {
      loop_.status_.Update(status);
      return;
    }
    if (loop_.measuring_) {
      ++loop_.operations_;
      loop_.latencies_.Add(latency);
    }
    if (!loop_.stopping_) Start();
  }

 private:
  ClosedLoop& loop_;
  const int number_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> call_;
  grpc::ByteBuffer reply_;
  grpc::Status status_;
  steady_clock::time_point begin_;
};

ClosedLoop::ClosedLoop(Connections& connections, Calls& calls, int clients)
    : connections_(connections), calls_(calls) {
  for (int i = 0; i < clients; ++i) clients_.push_back(std::make_unique<Client>(*this, i));
}

ClosedLoop::~ClosedLoop() = default;

void ClosedLoop::RunUntil(system_clock::time_point end) {
  while (status_.ok() && system_clock::now() < end) connections_.RunOne(end);
}

absl::StatusOr<Result> ClosedLoop::Run(std::chrono::milliseconds warmup,
                                       std::chrono::milliseconds duration,
                                       const ProcessGroup& processes) {
  Meter meter(processes);
  for (auto& client : clients_) client->Start();
  RunUntil(system_clock::now() + warmup);
  status_.Update(meter.Begin());
  measuring_ = true;
  RunUntil(system_clock::now() + duration);
  measuring_ = false;
  status_.Update(meter.End());
  stopping_ = true;
  // Each call has a deadline of its own, so this ends.
  while (under_way_ > 0) connections_.RunOne(system_clock::now() + kCallTimeout);
  RETURN_IF_ERROR(status_);
  return MakeResult(operations_, latencies_, meter);
}

absl::Status ClosedLoop::RunCount(uint64_t count) {
  left_ = count;
  for (auto& client : clients_) client->Start();
  while (under_way_ > 0) connections_.RunOne(system_clock::now() + kCallTimeout);
  return status_;
}

}  // namespace kvshim::bench
