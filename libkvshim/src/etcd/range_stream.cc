#include "etcd/range_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "etcd/request_parser.h"
#include "etcd/unary.h"
#include "etcd/wire.h"

namespace kvshim::etcd {
namespace {

constexpr int64_t kKeysAPart = 500;

bool IsPlain(const RangeRequest& request) {
  return request.sort_order == SortOrder::kNone && request.sort_target == SortTarget::kKey &&
         request.min_mod_revision == 0 && request.max_mod_revision == 0 &&
         request.min_create_revision == 0 && request.max_create_revision == 0;
}

}  // namespace

class RangeStream::Parts : public std::enable_shared_from_this<Parts> {
 public:
  explicit Parts(const ServiceContext& context) : context_(context) {}

  void Open(std::shared_ptr<rpc::Stream> stream) { stream_ = std::move(stream); }

  void Refuse(absl::Status status) { stream_->Finish(std::move(status)); }

  void Start(RangeRequest request) {
    if (!IsPlain(request)) {
      return stream_->Finish(absl::UnimplementedError(
          "etcdserver: RangeStream takes no sort order and no revision filters; use Range"));
    }
    request_ = std::move(request);
    left_ = request_.limit;
    Continue();
  }

  // Reads the next part unless one is being read or the client has yet to take what there is.
  void Continue() {
    {
      base::MutexLock lock(mutex_);
      if (reading_ || over_ || stream_->is_backed_up()) return;
      reading_ = true;
    }
    RangeRequest part = request_;
    part.limit = left_ > 0 ? std::min(left_, kKeysAPart) : kKeysAPart;
    context_.store.Range(std::move(part),
                         [self = shared_from_this()](absl::StatusOr<RangeResponse> response) {
                           self->Take(std::move(response));
                         });
  }

  void End() {
    base::MutexLock lock(mutex_);
    over_ = true;
  }

 private:
  void Take(absl::StatusOr<RangeResponse> response) {
    if (!response.ok()) {
      End();
      return stream_->Finish(response.status());
    }
    if (!counted_) {
      counted_ = true;
      count_ = response->count;
      revision_ = response->revision;
      if (request_.revision <= 0) request_.revision = response->revision;
    }
    const auto taken = static_cast<int64_t>(response->kvs.size());
    const bool limited = left_ > 0 && taken >= left_;
    const bool last = !response->more || limited;
    if (last) {
      response->count = count_;
      response->revision = revision_;
      stream_->Send(EncodePart(context_.HeaderAt(revision_), *response));
      End();
      return stream_->Finish(absl::OkStatus());
    }
    if (left_ > 0) left_ -= taken;
    request_.key = std::string(response->kvs.back().key()) + '\0';
    stream_->Send(EncodePart(*response));
    {
      base::MutexLock lock(mutex_);
      reading_ = false;
    }
    Continue();
  }

  const ServiceContext& context_;
  std::shared_ptr<rpc::Stream> stream_;
  // Of the one part that is being read.
  RangeRequest request_;
  int64_t left_ = 0;  // of the limit; 0: none
  bool counted_ = false;
  int64_t count_ = 0;
  int64_t revision_ = 0;

  base::Mutex mutex_;
  bool reading_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;
};

RangeStream::RangeStream(const ServiceContext& context)
    : parts_(std::make_shared<Parts>(context)) {}

void RangeStream::OnOpen(std::shared_ptr<rpc::Stream> stream) { parts_->Open(std::move(stream)); }

void RangeStream::OnMessage(rpc::Payload message) {
  RangeRequest request;
  if (!Parse(message.bytes(), request)) return parts_->Refuse(Malformed());
  parts_->Start(std::move(request));
}

void RangeStream::OnDrained() { parts_->Continue(); }
void RangeStream::OnDone() { parts_->End(); }

}  // namespace kvshim::etcd
