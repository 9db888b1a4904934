#include "https/outbox.h"

#include <charconv>
#include <utility>

#include "apiserver/gzip.h"
#include "apiserver/refusal.h"
#include "https/head.h"

namespace kvplane::https {
namespace {

using kvshim::base::MutexLock;

constexpr std::string_view kLastChunk = "0\r\n\r\n";

void AppendChunk(std::string& out, std::string_view bytes) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), bytes.size(), 16).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

bool IsEncoded(const apiserver::Pairs& headers) {
  for (const auto& [name, value] : headers) {
    if (name == "content-encoding") return true;
  }
  return false;
}

class OutboxResponse : public apiserver::Response {
 public:
  explicit OutboxResponse(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}
  ~OutboxResponse() override { outbox_->Drop(); }

  void Send(int status, apiserver::Pairs headers, std::string body) override {
    outbox_->Send(status, std::move(headers), std::move(body));
  }
  void Begin(int status, apiserver::Pairs headers) override {
    outbox_->Begin(status, std::move(headers));
  }
  bool Write(std::string_view bytes) override { return outbox_->Write(bytes); }
  void End() override { outbox_->End(); }
  void OnGone(std::function<void()> gone) override { outbox_->OnGone(std::move(gone)); }

 private:
  const std::shared_ptr<Outbox> outbox_;
};

}  // namespace

void Outbox::Send(int status, apiserver::Pairs headers, std::string body) {
  if (options_.gzip && body.size() >= options_.gzip_from_bytes && !IsEncoded(headers)) {
    body = apiserver::Gzip(body);
    headers.emplace_back("content-encoding", "gzip");
    headers.emplace_back("vary", "Accept-Encoding");
  }
  std::function<void()> released;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kFresh) return;
    status_ = status;
    Framing framing{.keep_alive = options_.keep_alive && !closes_};
    if (HasBody(status)) framing.length = body.size();
    bytes_ = body.size();
    if (options_.head_only || !HasBody(status)) body.clear();
    // Into the body, which may be large and have room for it.
    body.insert(0, Head(status, headers, framing));
    pending_ = std::move(body);
    state_ = State::kEnded;
    released = std::exchange(on_gone_, nullptr);
  }
  options_.wake();
}

void Outbox::Begin(int status, apiserver::Pairs headers) {
  {
    MutexLock lock(mutex_);
    if (!BeginLocked(status, std::move(headers))) return;
  }
  options_.wake();
}

bool Outbox::BeginLocked(int status, apiserver::Pairs headers) {
  if (state_ != State::kFresh) return false;
  status_ = status;
  in_chunks_ = options_.chunks;
  closes_ = closes_ || !options_.chunks;
  pending_ =
      Head(status, headers, {.chunked = in_chunks_, .keep_alive = options_.keep_alive && !closes_});
  state_ = State::kStreaming;
  return true;
}

bool Outbox::Write(std::string_view bytes) {
  Calls calls;
  bool taken = false;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kStreaming) return false;
    if (bytes.empty() || options_.head_only) return true;
    if (pending_.size() + bytes.size() > options_.unread_bytes) {
      calls.gone = CutLocked();
    } else if (in_chunks_) {
      AppendChunk(pending_, bytes);
      taken = true;
    } else {
      pending_ += bytes;
      taken = true;
    }
    bytes_ += bytes.size();
    calls.wake = options_.wake;
  }
  calls.Run();
  return taken;
}

void Outbox::EndLocked() {
  if (in_chunks_ && !options_.head_only) pending_ += kLastChunk;
  state_ = State::kEnded;
}

void Outbox::End() {
  std::function<void()> released;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kStreaming) return;
    EndLocked();
    released = std::exchange(on_gone_, nullptr);
  }
  options_.wake();
}

std::function<void()> Outbox::CutLocked() {
  state_ = State::kCut;
  std::string().swap(pending_);
  return std::exchange(on_gone_, nullptr);
}

void Outbox::OnGone(std::function<void()> gone) {
  {
    MutexLock lock(mutex_);
    if (state_ == State::kEnded) return;
    if (state_ != State::kCut) {
      on_gone_ = std::move(gone);
      return;
    }
  }
  gone();
}

void Outbox::Drop() {
  std::function<void()> released;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kEnded || state_ == State::kCut) return;
    if (state_ == State::kStreaming) released = CutLocked();
  }
  Send(500, {{"content-type", "application/json"}},
       apiserver::StatusDocument({.code = 500,
                                  .reason = "InternalError",
                                  .message = "Internal error occurred: there was no answer"}));
  options_.wake();
}

bool Outbox::Take(std::string& piece) {
  MutexLock lock(mutex_);
  if (pending_.empty()) return false;
  piece = std::exchange(pending_, {});
  return true;
}

Outbox::Phase Outbox::phase() const {
  MutexLock lock(mutex_);
  if (state_ == State::kCut) return Phase::kCut;
  return state_ == State::kEnded && pending_.empty() ? Phase::kWhole : Phase::kOpen;
}

void Outbox::Abandon() {
  std::function<void()> gone;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kEnded) return;
    gone = CutLocked();
  }
  if (gone) gone();
}

void Outbox::Drain() {
  Calls calls;
  {
    MutexLock lock(mutex_);
    closes_ = true;
    if (state_ == State::kStreaming) {
      EndLocked();
      calls = {.wake = options_.wake, .gone = std::exchange(on_gone_, nullptr)};
    }
  }
  calls.Run();
}

bool Outbox::keep_alive() const {
  MutexLock lock(mutex_);
  return options_.keep_alive && !closes_;
}
int Outbox::status() const {
  MutexLock lock(mutex_);
  return status_;
}
size_t Outbox::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

std::shared_ptr<apiserver::Response> ResponseInto(std::shared_ptr<Outbox> outbox) {
  return std::make_shared<OutboxResponse>(std::move(outbox));
}

}  // namespace kvplane::https
