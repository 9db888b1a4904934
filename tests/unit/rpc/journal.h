// What happened on the server's side, in order, for a test to wait for; and a stream handler that
// writes it down.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "client.h"
#include "rpc/call.h"

namespace kvshim::rpc {

class Journal {
 public:
  void Note(std::string event) {
    base::MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    noted_.NotifyAll();
  }

  size_t Count(const std::string& event) const {
    base::MutexLock lock(mutex_);
    return static_cast<size_t>(std::count(events_.begin(), events_.end(), event));
  }
  std::vector<std::string> events() const {
    base::MutexLock lock(mutex_);
    return events_;
  }

  // False where it does not come within kPatience.
  bool WaitFor(const std::string& event, size_t times = 1) {
    return WaitUntil([&] {
      return static_cast<size_t>(std::count(events_.begin(), events_.end(), event)) >= times;
    });
  }

 private:
  bool WaitUntil(const std::function<bool()>& happened) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    base::MutexLock lock(mutex_);
    while (!happened()) {
      if (!noted_.WaitUntil(mutex_, deadline)) return happened();
    }
    return true;
  }

  mutable base::Mutex mutex_;
  base::Condition noted_;
  std::vector<std::string> events_;
};

// What a test wants of a handler beside the journal.
struct StreamScript {
  std::function<void(Stream& stream)> on_open;
  std::function<void(Stream& stream, std::string bytes)> on_message;
  std::function<void(Stream& stream)> on_half_close;
};

// Streams of one method: what happened to them, and the last one opened.
struct StreamRecord {
  Journal journal;
  StreamScript script;

  void Keep(std::shared_ptr<Stream> opened) {
    base::MutexLock lock(mutex);
    last = std::move(opened);
  }
  std::shared_ptr<Stream> stream() {
    base::MutexLock lock(mutex);
    return last;
  }

  base::Mutex mutex;
  std::shared_ptr<Stream> last GUARDED_BY(mutex);
};

class RecordingHandler final : public StreamHandler {
 public:
  explicit RecordingHandler(StreamRecord& record) : record_(record) {}
  ~RecordingHandler() override { record_.journal.Note("destroyed"); }

  void OnOpen(std::shared_ptr<Stream> stream) override {
    stream_ = std::move(stream);
    record_.Keep(stream_);
    if (record_.script.on_open) record_.script.on_open(*stream_);
    record_.journal.Note("open");
  }
  void OnMessage(Payload message) override {
    const std::string bytes(message.bytes());
    if (record_.script.on_message) record_.script.on_message(*stream_, bytes);
    record_.journal.Note("message");
  }
  void OnHalfClose() override {
    if (record_.script.on_half_close) record_.script.on_half_close(*stream_);
    record_.journal.Note("half-close");
  }
  void OnDrained() override { record_.journal.Note("drained"); }
  void OnDone() override { record_.journal.Note("done"); }

 private:
  StreamRecord& record_;
  std::shared_ptr<Stream> stream_;
};

// Sends back what it gets and ends well with the client.
inline StreamScript EchoScript() {
  return {
      .on_message = [](Stream& stream, std::string bytes) { stream.Send(Message::Copy(bytes)); },
      .on_half_close = [](Stream& stream) { stream.Finish(absl::OkStatus()); }};
}

inline Service StreamService(StreamRecord& record) {
  Service service("test.Streams");
  const auto factory = [&record] { return std::make_unique<RecordingHandler>(record); };
  service.Bidi("Bidi", factory);
  service.ServerStreaming("Server", factory);
  service.Unary("Echo", [](UnaryCall call) { call.Finish(Message::Copy(call.request().bytes())); });
  return service;
}

}  // namespace kvshim::rpc
