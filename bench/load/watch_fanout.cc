#include "watch_fanout.h"

#include <cstring>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/async_unary_call.h"
#include "keyspace.h"
#include "rpc.pb.h"
#include "write_calls.h"

namespace kvshim::bench {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// Start, write of the request, then reads without end: one operation at a time.
class WatchFanout::Watcher final : public Completion {
 public:
  Watcher(WatchFanout& fanout, int number) : fanout_(fanout) {
    Connections& connections = fanout_.connections_;
    grpc::GenericStub& stub = fanout_.options_.across
                                  ? connections.of(1 + number % (connections.servers() - 1), number)
                                  : connections.of(number);
    stream_ = stub.PrepareCall(&context_, kWatch, &connections.queue());
    stream_->StartCall(this);
    ++fanout_.under_way_;
  }

  void Cancel() { context_.TryCancel(); }

  void Done(bool ok) override {
    if (!ok) {
      --fanout_.under_way_;
      if (!fanout_.closing_) fanout_.status_.Update(absl::UnavailableError("a watch ended"));
      return;
    }
    switch (state_) {
      case State::kStarting: {
        etcdserverpb::WatchRequest request;
        request.mutable_create_request()->set_key(PrefixOf(fanout_.options_.prefix));
        request.mutable_create_request()->set_range_end(PrefixEndOf(fanout_.options_.prefix));
        state_ = State::kAsking;
        stream_->Write(Serialize(request), this);
        return;
      }
      case State::kAsking:
        state_ = State::kReading;
        stream_->Read(&bytes_, this);
        return;
      case State::kReading:
        fanout_.status_.Update(Take());
        stream_->Read(&bytes_, this);
    }
  }

 private:
  enum class State { kStarting, kAsking, kReading };

  absl::Status Take() {
    const auto now = steady_clock::now().time_since_epoch();
    RETURN_IF_ERROR(Parse(bytes_, &response_));
    if (response_.canceled()) {
      return absl::UnavailableError("the server cancelled a watch: " + response_.cancel_reason());
    }
    if (response_.created()) ++fanout_.created_;
    for (const auto& event : response_.events()) {
      int64_t sent = 0;
      if (event.kv().value().size() < sizeof(sent)) {
        return absl::InternalError("an event came without its value");
      }
      std::memcpy(&sent, event.kv().value().data(), sizeof(sent));
      fanout_.latencies_.Add(now - std::chrono::nanoseconds(sent));
      ++fanout_.events_;
    }
    return absl::OkStatus();
  }

  WatchFanout& fanout_;
  State state_ = State::kStarting;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::ByteBuffer bytes_;
  etcdserverpb::WatchResponse response_;
};

// One guarded create under way; in a burst it sends the next one when it is answered.
class WatchFanout::Writer final : public Completion {
 public:
  Writer(WatchFanout& fanout, int number) : fanout_(fanout), number_(number) {
    put_ = SetUpGuarded(request_, fanout_.options_.value_size);
  }

  void Start() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(system_clock::now() + kCallTimeout);
    const std::string key = KeyOf(fanout_.options_.prefix, fanout_.written_++);
    request_.mutable_compare(0)->set_key(key);
    put_->set_key(key);
    const int64_t now = std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count();
    std::memcpy(put_->mutable_value()->data(), &now, sizeof(now));
    Connections& connections = fanout_.connections_;
    grpc::GenericStub& stub =
        fanout_.options_.across ? connections.of(0, number_) : connections.of(number_);
    call_ = stub.PrepareUnaryCall(context_.get(), kTxn, Serialize(request_), &connections.queue());
    call_->StartCall();
    call_->Finish(&reply_, &grpc_status_, this);
    free_ = false;
    ++fanout_.under_way_;
  }

  void Done(bool) override {
    --fanout_.under_way_;
    free_ = true;
    fanout_.status_.Update(ToStatus(grpc_status_));
    const bool burst = fanout_.options_.writes_per_second == 0;
    if (burst && fanout_.status_.ok() && fanout_.written_ < fanout_.options_.writes) Start();
  }

  bool is_free() const { return free_; }

 private:
  WatchFanout& fanout_;
  const int number_;
  bool free_ = true;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> call_;
  etcdserverpb::TxnRequest request_;
  etcdserverpb::PutRequest* put_ = nullptr;  // of it
  grpc::ByteBuffer reply_;
  grpc::Status grpc_status_;
};

WatchFanout::WatchFanout(Connections& connections, FanoutOptions options)
    : connections_(connections), options_(std::move(options)) {}

WatchFanout::~WatchFanout() = default;

absl::Status WatchFanout::OpenWatchers() {
  for (int i = 0; i < options_.watchers; ++i) {
    watchers_.push_back(std::make_unique<Watcher>(*this, i));
  }
  const auto deadline = system_clock::now() + kCallTimeout;
  while (status_.ok() && created_ < options_.watchers) {
    if (!connections_.RunOne(deadline)) {
      return absl::DeadlineExceededError(
          base::Concat("the server opened ", created_, " of ", options_.watchers, " watches"));
    }
  }
  return status_;
}

void WatchFanout::StartWriters() {
  const int count = std::min(options_.burst_writers, options_.writes);
  for (int i = 0; i < count; ++i) {
    writers_.push_back(std::make_unique<Writer>(*this, i));
    if (options_.writes_per_second == 0) writers_.back()->Start();
  }
}

void WatchFanout::RunWrites() {
  const auto begin = system_clock::now();
  while (status_.ok() && written_ < options_.writes) {
    if (options_.writes_per_second == 0) {
      connections_.RunOne(system_clock::now() + kCallTimeout);
      continue;
    }
    const auto due =
        begin + std::chrono::duration_cast<system_clock::duration>(
                    std::chrono::duration<double>(written_ / options_.writes_per_second));
    if (system_clock::now() < due) {
      connections_.RunOne(due);
      continue;
    }
    // A late answer must not hold up the next write: there is a writer more then.
    auto writer = writers_.begin();
    while (writer != writers_.end() && !(*writer)->is_free()) ++writer;
    if (writer == writers_.end()) {
      const auto number = static_cast<int>(writers_.size());
      writer = writers_.insert(writer, std::make_unique<Writer>(*this, number));
    }
    (*writer)->Start();
  }
}

absl::Status WatchFanout::Finish(system_clock::time_point deadline) {
  while (status_.ok() && events_ < wanted_events()) {
    if (!connections_.RunOne(deadline)) {
      return absl::DeadlineExceededError(
          base::Concat(wanted_events() - events_, " of ", wanted_events(), " events did not come"));
    }
  }
  return status_;
}

absl::StatusOr<Result> WatchFanout::Run(const ProcessGroup& processes) {
  Meter meter(processes);
  status_.Update(OpenWatchers());
  if (status_.ok()) status_.Update(meter.Begin());
  if (status_.ok()) {
    StartWriters();
    RunWrites();
    status_.Update(Finish(system_clock::now() + kCallTimeout));
    status_.Update(meter.End());
  }
  closing_ = true;
  for (auto& watcher : watchers_) watcher->Cancel();
  while (under_way_ > 0) connections_.RunOne(system_clock::now() + kCallTimeout);
  RETURN_IF_ERROR(status_);
  return MakeResult(events_, latencies_, meter);
}

}  // namespace kvshim::bench
