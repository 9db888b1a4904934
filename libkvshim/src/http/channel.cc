#include "http/channel.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace kvshim::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kLengthBytes = 4;
constexpr size_t kChunk = 64 << 10;
constexpr std::string_view kBindingLabel = "EXPORTER-kvshim-link";
constexpr size_t kBindingBytes = 32;

// A frame as it is sent, from `sent` on.
struct Outgoing {
  explicit Outgoing(std::string frame) : bytes(std::move(frame)) {
    for (size_t i = 0; i < kLengthBytes; ++i) {
      length[i] = static_cast<char>(bytes.size() >> (8 * i));
    }
  }

  std::array<asio::const_buffer, 2> buffers() const {
    const size_t of_length = std::min(sent, kLengthBytes);
    return {asio::buffer(length) + of_length, asio::buffer(bytes) + (sent - of_length)};
  }
  size_t size() const { return kLengthBytes + bytes.size() - sent; }

  std::array<char, kLengthBytes> length;
  std::string bytes;
  size_t sent = 0;
};

size_t ReadLength(std::string_view bytes) {
  size_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<uint8_t>(bytes[i]);
  return length;
}

std::string BindingOf(PlainStream&) { return ""; }
std::string BindingOf(TlsStream& stream) {
  std::string binding(kBindingBytes, '\0');
  SSL_export_keying_material(stream.native_handle(), reinterpret_cast<uint8_t*>(binding.data()),
                             binding.size(), kBindingLabel.data(), kBindingLabel.size(), nullptr, 0,
                             0);
  return binding;
}

template <typename Stream>
class StreamChannel final : public Channel,
                            public std::enable_shared_from_this<StreamChannel<Stream>> {
 public:
  StreamChannel(Stream stream, std::string_view read_already, std::shared_ptr<void> keeps)
      : keeps_(std::move(keeps)),
        stream_(std::move(stream)),
        sign_of_life_(stream_.get_executor()),
        binding_(BindingOf(stream_)) {
    auto& lowest = boost::beast::get_lowest_layer(stream_);
    lowest.expires_never();
    lowest.socket().non_blocking(true);
    received_.commit(
        asio::buffer_copy(received_.prepare(read_already.size()), asio::buffer(read_already)));
  }

  void Start(Events events) override {
    asio::post(stream_.get_executor(),
               [self = this->shared_from_this(), events = std::move(events)]() mutable {
                 self->events_ = std::move(events);
                 self->Take();
                 self->Live();
               });
  }

  void Send(std::string frame) override {
    {
      base::MutexLock lock(mutex_);
      if (closed_) return;
      Outgoing outgoing(std::move(frame));
      if (!scheduled_) SendNow(outgoing);
      if (outgoing.size() == 0) return;
      waiting_bytes_ += outgoing.size();
      waiting_.push_back(std::move(outgoing));
      if (std::exchange(scheduled_, true)) return;
    }
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] { self->Write(); });
  }

  void Close() override {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
      self->events_ = {};
      self->Disconnect();
    });
  }

  std::string binding() const override { return binding_; }

 private:
  // Sends on the calling thread what the socket takes at once: that spares waking the connection's.
  void SendNow(Outgoing& outgoing) REQUIRES(mutex_) {
    if constexpr (std::is_same_v<Stream, PlainStream>) {
      error_code error;  // shows again where the rest is written
      outgoing.sent += stream_.socket().send(outgoing.buffers(), 0, error);
    }
  }

  // Hands on what has been received whole, and reads more.
  void Take() {
    size_t at = 0;
    const std::string_view received(static_cast<const char*>(received_.cdata().data()),
                                    received_.size());
    while (received.size() - at >= kLengthBytes) {
      const size_t length = ReadLength(received.substr(at));
      if (length > kMaxFrame) return End();
      if (received.size() - at - kLengthBytes < length) break;
      const bool taken =
          events_.on_frame && events_.on_frame(received.substr(at + kLengthBytes, length));
      if (!taken) return End();
      at += kLengthBytes + length;
    }
    received_.consume(at);
    stream_.async_read_some(received_.prepare(kChunk),
                            [self = this->shared_from_this()](error_code error, size_t count) {
                              if (error) return self->End();
                              self->received_.commit(count);
                              self->Take();
                            });
  }

  void Write() {
    {
      base::MutexLock lock(mutex_);
      written_.clear();
      if (waiting_.empty()) {
        scheduled_ = false;
        return;
      }
      written_.swap(waiting_);
      if (std::exchange(waiting_bytes_, 0) > kMaxWaiting) written_.clear();
    }
    if (written_.empty()) return End();
    quiet_ = false;
    std::vector<asio::const_buffer> buffers;
    for (const Outgoing& outgoing : written_) {
      for (const asio::const_buffer& part : outgoing.buffers()) buffers.push_back(part);
    }
    asio::async_write(stream_, buffers,
                      [self = this->shared_from_this()](error_code error, size_t) {
                        if (error) return self->End();
                        self->Write();
                      });
  }

  void Live() {
    sign_of_life_.expires_after(kSignOfLife);
    sign_of_life_.async_wait([weak = this->weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || !self->events_.on_frame) return;
      if (std::exchange(self->quiet_, true)) self->Send("");
      self->Live();
    });
  }

  void End() {
    Disconnect();
    if (const Events events = std::exchange(events_, {}); events.on_end) events.on_end();
  }

  void Disconnect() {
    sign_of_life_.cancel();
    base::MutexLock lock(mutex_);
    closed_ = true;
    boost::beast::get_lowest_layer(stream_).close();
  }

  const std::shared_ptr<void> keeps_;
  Stream stream_;
  asio::steady_timer sign_of_life_;
  Events events_;
  boost::beast::flat_buffer received_;
  const std::string binding_;
  bool quiet_ = true;  // nothing was sent since the last sign of life
  std::vector<Outgoing> written_;

  base::Mutex mutex_;
  std::vector<Outgoing> waiting_ GUARDED_BY(mutex_);
  size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  bool scheduled_ GUARDED_BY(mutex_) = false;  // Write is going to take what waits
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<Channel> MakeChannel(PlainStream stream, std::string_view read_already,
                                     std::shared_ptr<void> keeps) {
  return std::make_shared<StreamChannel<PlainStream>>(std::move(stream), read_already,
                                                      std::move(keeps));
}
std::shared_ptr<Channel> MakeChannel(TlsStream stream, std::string_view read_already,
                                     std::shared_ptr<void> keeps) {
  return std::make_shared<StreamChannel<TlsStream>>(std::move(stream), read_already,
                                                    std::move(keeps));
}

}  // namespace kvshim::http
