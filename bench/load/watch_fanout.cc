#include "watch_fanout.h"

#include <cstring>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "keyspace.h"
#include "rpc.pb.h"
#include "write_calls.h"

namespace kvshim::bench {

using std::chrono::steady_clock;

class WatchFanout::Watcher final : public CallHandler {
 public:
  Watcher(WatchFanout& fanout, int number, const std::string& request)
      : fanout_(fanout), channel_(ChannelOf(fanout, number)), opened_(steady_clock::now()) {
    call_ = channel_.Start(kWatch, request, false, *this);
    ++fanout_.under_way_;
  }

  void Cancel() { channel_.Cancel(call_); }

  void OnMessage(const Reply& reply) override { fanout_.status_.Update(Take(reply)); }

  void OnEnd(const absl::Status& status) override {
    --fanout_.under_way_;
    if (fanout_.closing_) return;
    fanout_.status_.Update(status.ok() ? absl::UnavailableError("a watch ended") : status);
  }

 private:
  static Channel& ChannelOf(WatchFanout& fanout, int number) {
    Connections& connections = fanout.connections_;
    if (!fanout.options_.across) return connections.of(number);
    return connections.of(1 + number % (connections.servers() - 1), number);
  }

  absl::Status Take(const Reply& reply) {
    const Time now = steady_clock::now();
    WatchNews& news = fanout_.news_;
    RETURN_IF_ERROR(news.Read(reply.bytes));
    if (news.canceled) {
      return absl::UnavailableError(
          base::ToAbsl(base::Concat("the server cancelled a watch: ", news.cancel_reason)));
    }
    if (news.created) ++fanout_.created_;
    for (const std::string_view value : news.values) {
      int64_t sent = 0;
      if (value.size() < sizeof(sent)) {
        return absl::InternalError("an event came without its value");
      }
      std::memcpy(&sent, value.data(), sizeof(sent));
      const auto since =
          fanout_.options_.catch_up ? opened_.time_since_epoch() : std::chrono::nanoseconds(sent);
      fanout_.recorder_.Add(now.time_since_epoch() - since, now);
    }
    return absl::OkStatus();
  }

  WatchFanout& fanout_;
  Channel& channel_;
  const Time opened_;
  int32_t call_ = 0;
};

// One guarded create under way; in a burst it sends the next one when it is answered.
class WatchFanout::Writer final : public CallHandler {
 public:
  Writer(WatchFanout& fanout, int number)
      : fanout_(fanout),
        channel_(fanout.options_.across ? fanout.connections_.of(0, number)
                                        : fanout.connections_.of(number)) {
    put_ = SetUpGuarded(request_, fanout_.options_.value_size);
  }

  void Start(Time due) {
    const std::string key = KeyOf(fanout_.options_.prefix, fanout_.written_++);
    request_.mutable_compare(0)->set_key(key);
    put_->set_key(key);
    const int64_t sent = std::chrono::nanoseconds(due.time_since_epoch()).count();
    std::memcpy(put_->mutable_value()->data(), &sent, sizeof(sent));
    request_.SerializeToString(&fanout_.request_);
    channel_.Start(kTxn, fanout_.request_, true, *this);
    free_ = false;
    ++fanout_.under_way_;
  }

  size_t kept_bytes() const override { return 0; }
  void OnMessage(const Reply&) override {}

  void OnEnd(const absl::Status& status) override {
    --fanout_.under_way_;
    free_ = true;
    fanout_.status_.Update(status);
    const bool burst = fanout_.options_.writes_per_second == 0;
    if (burst && fanout_.status_.ok() && fanout_.written_ < fanout_.options_.writes) {
      Start(steady_clock::now());
    }
  }

  bool is_free() const { return free_; }

 private:
  WatchFanout& fanout_;
  Channel& channel_;
  bool free_ = true;
  etcdserverpb::TxnRequest request_;
  etcdserverpb::PutRequest* put_ = nullptr;  // of it
};

WatchFanout::WatchFanout(Connections& connections, FanoutOptions options)
    : connections_(connections), options_(std::move(options)), recorder_(options_.on_progress) {}

WatchFanout::~WatchFanout() = default;

absl::Status WatchFanout::OpenWatchers(int64_t start_revision) {
  etcdserverpb::WatchRequest request;
  auto& create = *request.mutable_create_request();
  create.set_key(PrefixOf(options_.prefix));
  create.set_range_end(PrefixEndOf(options_.prefix));
  create.set_start_revision(start_revision);
  const std::string bytes = request.SerializeAsString();
  for (int i = 0; i < options_.watchers; ++i) {
    watchers_.push_back(std::make_unique<Watcher>(*this, i, bytes));
  }
  const Time deadline = steady_clock::now() + kCallTimeout;
  while (status_.ok() && created_ < options_.watchers) {
    if (!connections_.RunOnce(deadline)) {
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
    if (options_.writes_per_second == 0) writers_.back()->Start(steady_clock::now());
  }
}

void WatchFanout::RunWrites() {
  const Time begin = steady_clock::now();
  while (status_.ok() && written_ < options_.writes) {
    if (options_.writes_per_second == 0) {
      connections_.RunOnce(steady_clock::now() + kCallTimeout);
      continue;
    }
    const Time due =
        begin + std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::duration<double>(written_ / options_.writes_per_second));
    if (steady_clock::now() < due) {
      connections_.RunOnce(due);
      continue;
    }
    // A late answer must not hold up the next write: there is a writer more then.
    auto writer = writers_.begin();
    while (writer != writers_.end() && !(*writer)->is_free()) ++writer;
    if (writer == writers_.end()) {
      const auto number = static_cast<int>(writers_.size());
      writer = writers_.insert(writer, std::make_unique<Writer>(*this, number));
    }
    (*writer)->Start(due);
  }
}

absl::StatusOr<int64_t> WatchFanout::WriteHistory() {
  etcdserverpb::RangeRequest any;
  etcdserverpb::RangeResponse now;
  any.set_key(PrefixOf(options_.prefix));
  RETURN_IF_ERROR(connections_.Call(kRange, any, &now));
  StartWriters();
  RunWrites();
  while (status_.ok() && under_way_ > 0) connections_.RunOnce(steady_clock::now() + kCallTimeout);
  RETURN_IF_ERROR(status_);
  return now.header().revision();
}

absl::Status WatchFanout::Finish(Time deadline) {
  while (status_.ok() && recorder_.operations() < wanted_events()) {
    if (!connections_.RunOnce(deadline)) {
      return absl::DeadlineExceededError(base::Concat(wanted_events() - recorder_.operations(),
                                                      " of ", wanted_events(),
                                                      " events did not come"));
    }
  }
  return status_;
}

absl::Status WatchFanout::FanOut(Meter& meter) {
  RETURN_IF_ERROR(OpenWatchers(0));
  RETURN_IF_ERROR(meter.Begin());
  recorder_.Begin();
  StartWriters();
  RunWrites();
  RETURN_IF_ERROR(Finish(steady_clock::now() + kCallTimeout));
  return meter.End();
}

absl::Status WatchFanout::CatchUp(Meter& meter) {
  ASSIGN_OR_RETURN(const int64_t before, WriteHistory());
  RETURN_IF_ERROR(meter.Begin());
  recorder_.Begin();
  RETURN_IF_ERROR(OpenWatchers(before + 1));
  RETURN_IF_ERROR(Finish(steady_clock::now() + kCallTimeout));
  return meter.End();
}

void WatchFanout::Close() {
  closing_ = true;
  for (auto& watcher : watchers_) watcher->Cancel();
  const Time deadline = steady_clock::now() + kCallTimeout;
  while (under_way_ > 0) {
    if (!connections_.RunOnce(deadline)) return connections_.Abandon();
  }
}

absl::StatusOr<Result> WatchFanout::Run(const ProcessGroup& processes) {
  Meter meter(processes);
  status_.Update(options_.catch_up ? CatchUp(meter) : FanOut(meter));
  Close();
  RETURN_IF_ERROR(status_);
  return MakeResult(recorder_, meter);
}

}  // namespace kvshim::bench
