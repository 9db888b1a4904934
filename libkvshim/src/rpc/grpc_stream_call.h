// GrpcStreamCall: a stream over gRPC's completion queue.
//
// One read and one write are under way at most. What is sent waits in the outbox; every message but
// the stream's first and the outbox's last carries the buffer hint, so that a burst shares packets.
// The handler's callbacks run on the thread of the stream's queue, never under the lock.
//
// Life: Listen asks gRPC for a call; when it arrives another is asked for in its place. It is over
// when gRPC has said that the call is done and nothing is under way any more; then the handler
// hears OnDone, and gRPC's objects are given up, whoever still holds the stream.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "rpc/call.h"
#include "rpc/server_state.h"

namespace kvshim::rpc {

class GrpcStreamCall final : public Stream, public std::enable_shared_from_this<GrpcStreamCall> {
 public:
  static void Listen(ServerState& state, size_t method, grpc::ServerCompletionQueue* queue);

  GrpcStreamCall(ServerState& state, size_t method, grpc::ServerCompletionQueue* queue)
      : state_(state), index_(method), method_(state.table.method(method)), queue_(queue) {}

  std::string peer() const override;
  std::optional<std::string> Metadata(std::string_view key) const override;
  std::string peer_common_name() const override;
  bool cancelled() const override { return cancelled_.load(std::memory_order_relaxed); }

  void Send(Message message) override;
  void Send(std::vector<Message> burst) override;
  size_t pending_bytes() const override { return pending_.load(std::memory_order_relaxed); }
  bool is_backed_up() const override { return pending_bytes() > state_.options.stream_low_water; }
  void PauseReading() override;
  void ResumeReading() override;
  void Finish(absl::Status status) override;

 private:
  struct Parts {
    grpc::ServerContext context;
    MethodTable::ReaderWriter stream;

    Parts() : stream(&context) {}
  };

  void Arrived(bool ok);
  void Read(bool ok);
  void Written(bool ok);
  void Finished(bool ok);
  void Done(bool ok);

  void Queue(Message message) REQUIRES(mutex_);
  void WriteNext() REQUIRES(mutex_);
  void ReadNext() REQUIRES(mutex_);
  void StartFinish() REQUIRES(mutex_);
  // Ends the call where gRPC has nothing under way any more.
  void EndIfOver();

  ServerState& state_;
  const size_t index_;
  const Method& method_;
  grpc::ServerCompletionQueue* const queue_;
  base::TimePoint started_;
  bool counted_ = false;                    // see ServerState::CallArrived
  std::unique_ptr<StreamHandler> handler_;  // of the completion thread
  std::shared_ptr<GrpcStreamCall> self_;    // while gRPC knows of the call
  Tag arrived_ = Tag::Of<&GrpcStreamCall::Arrived>(this);
  Tag read_ = Tag::Of<&GrpcStreamCall::Read>(this);
  Tag written_ = Tag::Of<&GrpcStreamCall::Written>(this);
  Tag finished_ = Tag::Of<&GrpcStreamCall::Finished>(this);
  Tag done_ = Tag::Of<&GrpcStreamCall::Done>(this);
  std::atomic<bool> cancelled_{false};
  std::atomic<size_t> pending_{0};

  mutable base::Mutex mutex_;
  std::optional<Parts> parts_ GUARDED_BY(mutex_);
  grpc::ByteBuffer inbox_;  // of the read under way
  std::deque<std::pair<grpc::ByteBuffer, size_t>> outbox_ GUARDED_BY(mutex_);
  std::optional<absl::Status> final_status_ GUARDED_BY(mutex_);  // Finish was called
  bool reading_ GUARDED_BY(mutex_) = false;
  bool writing_ GUARDED_BY(mutex_) = false;
  bool headers_sent_ GUARDED_BY(mutex_) = false;
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool paused_ GUARDED_BY(mutex_) = false;
  bool half_closed_ GUARDED_BY(mutex_) = false;
  bool is_done_ GUARDED_BY(mutex_) = false;
  bool was_high_ GUARDED_BY(mutex_) = false;  // pending bytes rose above the low-water mark
};

}  // namespace kvshim::rpc
