#include "apiserver/inflight.h"

#include <utility>

#include "apiserver/refusal.h"
#include "apiserver/request_info.h"

namespace kvplane::apiserver {
namespace {

// Counts as long as it is there, but no longer than the answer takes.
class CountedResponse : public Response {
 public:
  CountedResponse(std::shared_ptr<Response> inner, std::atomic<size_t>& count)
      : inner_(std::move(inner)), count_(&count) {}
  ~CountedResponse() override { Release(); }

  void Send(int status, Pairs headers, std::string body) override {
    Release();
    inner_->Send(status, std::move(headers), std::move(body));
  }
  void Begin(int status, Pairs headers) override { inner_->Begin(status, std::move(headers)); }
  bool Write(std::string_view bytes) override { return inner_->Write(bytes); }
  void End() override {
    Release();
    inner_->End();
  }
  void OnGone(std::function<void()> gone) override { inner_->OnGone(std::move(gone)); }

 private:
  void Release() {
    if (std::atomic<size_t>* count = count_.exchange(nullptr)) count->fetch_sub(1);
  }

  const std::shared_ptr<Response> inner_;
  std::atomic<std::atomic<size_t>*> count_;
};

}  // namespace

Handler Inflight::Bound(Handler next) {
  return [this, next = std::move(next)](Request request, std::shared_ptr<Response> response) {
    const RequestInfo info = RequestInfo::Of(request);
    if (info.IsLongRunning(request)) return next(std::move(request), std::move(response));
    const bool reads = info.verb == "get" || info.verb == "list" || info.verb == "head";
    std::atomic<size_t>& count = reads ? reading_ : changing_;
    if (count.fetch_add(1) >= (reads ? limits_.reading : limits_.changing)) {
      count.fetch_sub(1);
      return Refuse(*response, {.code = 429,
                                .reason = "TooManyRequests",
                                .message = "Too many requests, please try again later.",
                                .retry_after_seconds = 1});
    }
    next(std::move(request), std::make_shared<CountedResponse>(std::move(response), count));
  };
}

}  // namespace kvplane::apiserver
