// RequestTimeouts: requests that take too long are answered 504, Timeout, as Kubernetes does it;
// what they would have been answered later goes nowhere.
//
// Thread safety: every method may be called from any thread.
//
//   RequestTimeouts timeouts(std::chrono::seconds(60));
//   ASSIGN_OR_RETURN(auto timeout, timeouts.Of(request));       // ?timeout=5s
//   auto bound = timeouts.Bound(response, timeout);
//   if (!bound->is_over()) bound->Send(200, …);
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "base/clock.h"
#include "base/executor.h"

namespace kvplane::apiserver {

// Takes one answer: the first.
class TimedResponse : public Response {
 public:
  explicit TimedResponse(std::shared_ptr<Response> inner) : inner_(std::move(inner)) {}
  ~TimedResponse() override { Claim(); }

  // It has been answered, or its time is over.
  bool is_over() const { return claimed_; }

  void Send(int status, Pairs headers, std::string body) override;
  void Begin(int status, Pairs headers) override;
  bool Write(std::string_view bytes) override { return begun_ && inner_->Write(bytes); }
  void End() override {
    if (begun_) inner_->End();
  }
  void OnGone(std::function<void()> gone) override { inner_->OnGone(std::move(gone)); }

 private:
  friend class RequestTimeouts;
  // True for who may answer. The time is no longer counted.
  bool Claim();
  void EndInTime();

  const std::shared_ptr<Response> inner_;
  std::atomic<bool> claimed_{false};
  bool begun_ = false;
  std::function<void()> cancel_;  // the timer
};

class RequestTimeouts {
 public:
  explicit RequestTimeouts(std::chrono::milliseconds longest,
                           kvshim::base::Clock& clock = kvshim::base::Clock::Real())
      : longest_(longest), clock_(clock), timers_({.name = "kp-timeouts", .clock = &clock}) {}

  // What the request asks for, at most the longest. A text that is no duration is a BadRequest.
  absl::StatusOr<std::chrono::milliseconds> Of(const Request& request) const;
  std::shared_ptr<TimedResponse> Bound(std::shared_ptr<Response> response,
                                       std::chrono::milliseconds timeout);

  // For tests with a clock of their own.
  void RunDue() { timers_.RunDue(); }

 private:
  const std::chrono::milliseconds longest_;
  kvshim::base::Clock& clock_;
  kvshim::base::Executor timers_;
};

}  // namespace kvplane::apiserver
