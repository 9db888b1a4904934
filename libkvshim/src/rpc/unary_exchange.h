// UnaryExchange: a unary call on its way through the server.
//
// Thread safety: as UnaryCall::Transport; the rest on the loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "rpc/exchange.h"

namespace kvshim::rpc {

class UnaryExchange final : public Exchange, public UnaryCall::Transport {
 public:
  UnaryExchange(ServerState& state, std::shared_ptr<Connection> connection, int32_t id,
                const Method& method, RequestHead head)
      : Exchange(state, std::move(connection), id, method, std::move(head)) {}

  std::string peer() const override { return ContextPeer(); }
  std::optional<std::string> Metadata(std::string_view key) const override {
    return ContextMetadata(key);
  }
  std::string peer_common_name() const override { return ContextCommonName(); }
  bool cancelled() const override { return cancelled_.load(std::memory_order_relaxed); }

  const Payload& request() const override { return request_; }
  void OnCancel(absl::AnyInvocable<void()> notify) override;
  void Finish(absl::Status status, Message message) override;

 private:
  void Begin() override;
  void OnMessage(Payload message) override;
  void OnHalfClosed() override;
  void OnClosed() override;
  void Resume() override;

  bool refused_ = false;
  bool requested_ = false;
  Payload request_;

  mutable base::Mutex mutex_;
  bool finished_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;
  absl::Status status_ GUARDED_BY(mutex_);
  Message answer_ GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> on_cancel_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::rpc
