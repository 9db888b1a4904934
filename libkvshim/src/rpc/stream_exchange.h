// StreamExchange: a stream on its way through the server, and the transport of its handler.
//
// Thread safety: as rpc::Stream; the rest on the loop's thread, as the handler's callbacks.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/exchange.h"

namespace kvshim::rpc {

class StreamExchange final : public Exchange, public Stream {
 public:
  StreamExchange(ServerState& state, std::shared_ptr<Connection> connection, int32_t id,
                 const Method& method, RequestHead head)
      : Exchange(state, std::move(connection), id, method, std::move(head)) {}

  std::string peer() const override { return ContextPeer(); }
  std::optional<std::string> Metadata(std::string_view key) const override {
    return ContextMetadata(key);
  }
  std::string peer_common_name() const override { return ContextCommonName(); }
  bool cancelled() const override { return cancelled_.load(std::memory_order_relaxed); }

  void Send(Message message) override;
  void Send(std::vector<Message> burst) override;
  size_t pending_bytes() const override { return pending_.load(std::memory_order_relaxed); }
  bool is_backed_up() const override { return pending_bytes() > state_.options.stream_low_water; }
  void PauseReading() override { paused_.store(true); }
  void ResumeReading() override;
  void Finish(absl::Status status) override;

 private:
  void Begin() override;
  void OnMessage(Payload message) override;
  void OnHalfClosed() override;
  void OnClosed() override;
  void OnSent(size_t bytes) override;
  size_t Consume(size_t arrived) override;
  void Resume() override;

  void Deliver();
  // Whether the loop has yet to be woken.
  bool Queue(Message message) REQUIRES(mutex_);
  std::shared_ptr<StreamExchange> Self() {
    return std::static_pointer_cast<StreamExchange>(shared_from_this());
  }

  std::atomic<bool> paused_{false};
  std::atomic<size_t> pending_{0};

  // Of the loop's thread.
  std::unique_ptr<StreamHandler> handler_;
  std::deque<Payload> inbound_;  // arrived while paused
  size_t held_back_ = 0;         // bytes that the client may not send more of yet
  bool half_close_due_ = false;

  base::Mutex mutex_;
  bool awake_ GUARDED_BY(mutex_) = false;  // Resume will be called
  bool was_high_ GUARDED_BY(mutex_) = false;
  bool drained_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;
  std::vector<Message> queued_ GUARDED_BY(mutex_);
  std::optional<absl::Status> final_status_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::rpc
