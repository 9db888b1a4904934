#include "etcd/watch_service.h"

#include <memory>
#include <utility>

#include "etcd/unary.h"
#include "etcd/wire.h"
#include "watch/fragment.h"
#include "watch/hub.h"
#include "watch/sink.h"

namespace kvshim::etcd {
namespace {

WatchRequest Decode(etcdserverpb::WatchCreateRequest& request) {
  WatchRequest out;
  out.key = std::move(*request.mutable_key());
  out.range_end = std::move(*request.mutable_range_end());
  out.start_revision = request.start_revision();
  for (const int filter : request.filters()) {
    if (filter == etcdserverpb::WatchCreateRequest::NOPUT) out.no_put = true;
    if (filter == etcdserverpb::WatchCreateRequest::NODELETE) out.no_delete = true;
  }
  out.prev_kv = request.prev_kv();
  out.progress_notify = request.progress_notify();
  return out;
}

class WatchStream final : public rpc::StreamHandler, private watch::Sink {
 public:
  explicit WatchStream(const ServiceContext& context) : context_(context) {}

  void OnOpen(std::shared_ptr<rpc::Stream> stream) override {
    stream_ = std::move(stream);
    watchers_ = context_.store.hub().OpenStream(*this);
  }

  void OnMessage(rpc::Payload message) override {
    etcdserverpb::WatchRequest request;
    if (!message.Parse(request)) return stream_->Finish(Malformed());
    switch (request.request_union_case()) {
      case etcdserverpb::WatchRequest::kCreateRequest: {
        etcdserverpb::WatchCreateRequest& create = *request.mutable_create_request();
        const watch::CreateOptions options{.id = WatchId{create.watch_id()},
                                           .fragment = create.fragment()};
        watchers_->CreateWatch(Decode(create), options);
        break;
      }
      case etcdserverpb::WatchRequest::kCancelRequest:
        watchers_->CancelWatch(WatchId{request.cancel_request().watch_id()});
        break;
      case etcdserverpb::WatchRequest::kProgressRequest:
        watchers_->RequestProgress();
        break;
      case etcdserverpb::WatchRequest::REQUEST_UNION_NOT_SET:
        break;
    }
    // A client that does not read its answers is not read from either.
    if (stream_->is_backed_up()) stream_->PauseReading();
  }

  void OnDrained() override {
    stream_->ResumeReading();
    watchers_->Drained();
  }

  void OnDone() override { watchers_->Close(); }

 private:
  void Send(const watch::Response& response) override {
    const Header header = context_.HeaderAt(response.revision);
    size_t first = 0;
    do {
      const size_t last = watch::FragmentEnd(response, first, context_.max_message_bytes());
      stream_->Send(Encode(header, response, first, last, last < response.events.size()));
      first = last;
    } while (first < response.events.size());
  }

  size_t pending_bytes() const override { return stream_->pending_bytes(); }
  void End(const absl::Status& status) override { stream_->Finish(status); }

  const ServiceContext& context_;
  std::shared_ptr<rpc::Stream> stream_;
  std::unique_ptr<watch::Stream> watchers_;
};

}  // namespace

rpc::Service WatchService(const ServiceContext& context) {
  rpc::Service service("etcdserverpb.Watch");
  service.Bidi("Watch", [&context] { return std::make_unique<WatchStream>(context); });
  return service;
}

}  // namespace kvshim::etcd
