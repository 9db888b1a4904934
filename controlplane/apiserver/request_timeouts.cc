#include "apiserver/request_timeouts.h"

#include <algorithm>

#include "api/timestamp.h"
#include "apiserver/refusal.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

using std::chrono::milliseconds;

bool TimedResponse::Claim() {
  if (claimed_.exchange(true)) return false;
  if (cancel_ != nullptr) cancel_();
  return true;
}

void TimedResponse::Send(int status, Pairs headers, std::string body) {
  if (Claim()) inner_->Send(status, std::move(headers), std::move(body));
}

void TimedResponse::Begin(int status, Pairs headers) {
  begun_ = Claim();
  if (begun_) inner_->Begin(status, std::move(headers));
}

void TimedResponse::EndInTime() {
  if (claimed_.exchange(true)) return;
  Refuse(*inner_, {.code = 504,
                   .reason = "Timeout",
                   .message = "Timeout: request did not complete within the allotted timeout"});
}

absl::StatusOr<milliseconds> RequestTimeouts::Of(const Request& request) const {
  const std::string_view text = request.Query("timeout");
  if (text.empty()) return longest_;
  const absl::StatusOr<int64_t> nanoseconds = api::ParseDuration(text);
  if (!nanoseconds.ok()) {
    return registry::BadRequest("invalid timeout specified in the request URL");
  }
  const auto asked =
      std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(*nanoseconds));
  return asked.count() <= 0 ? longest_ : std::min(asked, longest_);
}

std::shared_ptr<TimedResponse> RequestTimeouts::Bound(std::shared_ptr<Response> response,
                                                      milliseconds timeout) {
  auto bound = std::make_shared<TimedResponse>(std::move(response));
  const auto timer = timers_.Schedule(clock_.Now() + timeout, [weak = std::weak_ptr(bound)] {
    if (const auto late = weak.lock()) late->EndInTime();
  });
  bound->cancel_ = [this, timer] { timers_.Cancel(timer); };
  return bound;
}

}  // namespace kvplane::apiserver
