#include "etcd/keep_alive_stream.h"

#include <deque>
#include <utility>

#include "base/mutex.h"
#include "etcd/unary.h"

namespace kvshim::etcd {
namespace {

constexpr size_t kMaxWaiting = 1000;

}  // namespace

class KeepAliveStream::Answers : public std::enable_shared_from_this<Answers> {
 public:
  explicit Answers(const ServiceContext& context) : context_(context) {}

  void Open(std::shared_ptr<rpc::Stream> stream) { stream_ = std::move(stream); }
  rpc::Stream& stream() { return *stream_; }

  void Add(LeaseId id) {
    {
      base::MutexLock lock(mutex_);
      waiting_.push_back(id);
      if (waiting_.size() > kMaxWaiting) stream_->PauseReading();
    }
    if (stream_->is_backed_up()) stream_->PauseReading();
    AnswerNext();
  }

  void Close() {
    base::MutexLock lock(mutex_);
    closing_ = true;
    if (!busy_ && waiting_.empty()) stream_->Finish(absl::OkStatus());
  }

 private:
  // Goes through what waits, one keepalive after another. One that has to wait for the store ends
  // the loop, and its answer, on whichever thread, begins it again.
  void AnswerNext() {
    {
      base::MutexLock lock(mutex_);
      if (busy_ || looping_) return;
      looping_ = true;
    }
    while (true) {
      LeaseId id;
      {
        base::MutexLock lock(mutex_);
        if (busy_ || waiting_.empty()) {
          looping_ = false;
          if (!busy_ && closing_) stream_->Finish(absl::OkStatus());
          return;
        }
        busy_ = true;
        id = waiting_.front();
        waiting_.pop_front();
        if (waiting_.size() == kMaxWaiting / 2) stream_->ResumeReading();
      }
      context_.store.LeaseKeepAlive(
          id, [self = shared_from_this()](absl::StatusOr<LeaseKeepAliveResponse> response) {
            self->Answer(response);
            self->AnswerNext();
          });
    }
  }

  void Answer(const absl::StatusOr<LeaseKeepAliveResponse>& response) {
    if (response.ok()) {
      etcdserverpb::LeaseKeepAliveResponse out;
      context_.Fill(*out.mutable_header(), response->revision);
      out.set_id(static_cast<int64_t>(response->id));
      out.set_ttl(response->ttl);
      stream_->Send(Serialize(out));
    } else {
      stream_->Finish(response.status());
    }
    base::MutexLock lock(mutex_);
    busy_ = false;
  }

  const ServiceContext& context_;
  std::shared_ptr<rpc::Stream> stream_;
  base::Mutex mutex_;
  std::deque<LeaseId> waiting_ GUARDED_BY(mutex_);
  bool busy_ GUARDED_BY(mutex_) = false;     // one is with the store
  bool looping_ GUARDED_BY(mutex_) = false;  // a thread is in AnswerNext
  bool closing_ GUARDED_BY(mutex_) = false;
};

KeepAliveStream::KeepAliveStream(const ServiceContext& context)
    : answers_(std::make_shared<Answers>(context)) {}

void KeepAliveStream::OnOpen(std::shared_ptr<rpc::Stream> stream) {
  answers_->Open(std::move(stream));
}

void KeepAliveStream::OnMessage(rpc::Payload message) {
  etcdserverpb::LeaseKeepAliveRequest request;
  if (!message.Parse(request)) return answers_->stream().Finish(Malformed());
  answers_->Add(LeaseId{request.id()});
}

void KeepAliveStream::OnHalfClose() { answers_->Close(); }
void KeepAliveStream::OnDrained() { answers_->stream().ResumeReading(); }

}  // namespace kvshim::etcd
