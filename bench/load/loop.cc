#include "loop.h"

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {

using std::chrono::steady_clock;

class Loop::Client final : public CallHandler {
 public:
  Client(Loop& loop, int number) : loop_(loop), number_(number) {}

  // Sends its next request, which is due at `due`.
  void Start(Time due) {
    begin_ = due;
    const char* method = loop_.calls_.Next(number_, loop_.request_);
    ++loop_.under_way_;
    waiting_ = true;
    Channel& channel = loop_.connections_.of(number_);
    if (stream_ != 0) {
      channel.Send(stream_, loop_.request_);
      return;
    }
    const bool stream = loop_.calls_.is_stream();
    const int32_t call = channel.Start(method, loop_.request_, !stream, *this);
    if (stream) stream_ = call;
  }

  void CancelStream() {
    if (stream_ != 0) loop_.connections_.of(number_).Cancel(stream_);
  }

  void OnMessage(const Reply& reply) override {
    checked_ = loop_.calls_.Check(number_, reply);
    if (stream_ != 0) Done(checked_);
  }

  void OnEnd(const absl::Status& status) override {
    if (stream_ == 0) return Done(status.ok() ? checked_ : status);
    stream_ = 0;
    if (waiting_) {
      Done(status.ok() ? absl::UnavailableError("the server ended a stream") : status);
    }
  }

  size_t kept_bytes() const override { return loop_.calls_.kept_bytes(); }

 private:
  void Done(absl::Status status) {
    const Time now = steady_clock::now();
    --loop_.under_way_;
    waiting_ = false;
    checked_ = absl::InternalError("the server answered nothing");
    if (!status.ok()) {
      loop_.status_.Update(status);
      return;
    }
    loop_.recorder_.Add(now - begin_, now);
    loop_.Next(*this);
  }

  Loop& loop_;
  const int number_;
  int32_t stream_ = 0;
  bool waiting_ = false;
  absl::Status checked_ = absl::InternalError("the server answered nothing");
  Time begin_;
};

Loop::Loop(Connections& connections, Calls& calls, LoopOptions options)
    : connections_(connections),
      calls_(calls),
      options_(std::move(options)),
      recorder_(options_.on_progress) {
  for (int i = 0; i < options_.clients; ++i) clients_.push_back(std::make_unique<Client>(*this, i));
}

Loop::~Loop() {
  for (const auto& client : clients_) client->CancelStream();
}

void Loop::Begin() {
  stopping_ = false;
  begin_ = steady_clock::now();
  due_ = 0;
  free_.clear();
  for (const auto& client : clients_) Next(*client);
}

void Loop::Next(Client& client) {
  if (options_.rate > 0) {
    free_.push_back(&client);
    return;
  }
  if (stopping_ || left_ == 0) return;
  --left_;
  client.Start(steady_clock::now());
}

Loop::Time Loop::Dispatch(Time now) {
  while (true) {
    const Time due =
        begin_ + std::chrono::duration_cast<std::chrono::nanoseconds>(
                     std::chrono::duration<double>(static_cast<double>(due_) / options_.rate));
    // Without a free client the next answer wakes us.
    if (free_.empty()) return Time::max();
    if (due > now) return due;
    ++due_;
    Client* client = free_.back();
    free_.pop_back();
    client->Start(due);
  }
}

void Loop::RunUntil(Time end) {
  Time now = steady_clock::now();
  while (status_.ok() && now < end) {
    const Time due = options_.rate > 0 ? Dispatch(now) : Time::max();
    connections_.RunOnce(std::min(due, end));
    now = steady_clock::now();
  }
}

void Loop::Drain() {
  const Time deadline = steady_clock::now() + kCallTimeout;
  while (under_way_ > 0) {
    if (connections_.RunOnce(deadline) && steady_clock::now() < deadline) continue;
    connections_.Abandon();
    status_.Update(absl::DeadlineExceededError(
        base::Concat(under_way_, " requests were not answered in ", kCallTimeout.count(), " s")));
    under_way_ = 0;
  }
}

absl::StatusOr<Result> Loop::Run(std::chrono::milliseconds warmup,
                                 std::chrono::milliseconds duration,
                                 const ProcessGroup& processes) {
  Meter meter(processes);
  Begin();
  RunUntil(steady_clock::now() + warmup);
  status_.Update(meter.Begin());
  recorder_.Begin();
  const Time begin = steady_clock::now();
  RunUntil(begin + duration);
  // Where nothing was answered in that time, as with lists that take seconds, it goes on.
  while (recorder_.operations() == 0 && status_.ok() &&
         steady_clock::now() < begin + kCallTimeout) {
    RunUntil(steady_clock::now() + std::chrono::milliseconds(10));
  }
  recorder_.End();
  status_.Update(meter.End());
  stopping_ = true;
  Drain();
  RETURN_IF_ERROR(status_);
  return MakeResult(recorder_, meter);
}

absl::Status Loop::RunCount(uint64_t count) {
  left_ = count;
  recorder_.Begin();
  Begin();
  // Each answer sends the next request; an answer that does not come in time ends it.
  while (under_way_ > 0 && status_.ok()) {
    if (connections_.RunOnce(steady_clock::now() + kCallTimeout)) continue;
    break;
  }
  recorder_.End();
  Drain();
  return status_;
}

}  // namespace kvshim::bench
