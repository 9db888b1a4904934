// Connection: the part that nghttp2 calls.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "rpc/connection.h"
#include "rpc/headers.h"

namespace kvshim::rpc {
namespace {

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

// Called by nghttp2, which must not be called back but to submit something.
class Connection::Callbacks {
 public:
  static ssize_t Supply(nghttp2_session* session, int32_t id, uint8_t* /*buffer*/, size_t length,
                        uint32_t* flags, nghttp2_data_source* source, void* /*self*/) {
    Exchange& exchange = *static_cast<Exchange*>(source->ptr);
    const size_t ready = exchange.outbound_bytes();
    if (ready == 0 && !exchange.is_ended()) return NGHTTP2_ERR_DEFERRED;
    const size_t count = std::min(ready, length);
    if (count > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (count == ready && exchange.is_ended()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const Trailers trailers(exchange.end());
      nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(count);
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, BeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, FrameReceived);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, DataReceived);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, FrameSent);
    nghttp2_session_callbacks_set_send_callback(callbacks, Send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);
    return callbacks;
  }

 private:
  static Connection& Self(void* self) { return *static_cast<Connection*>(self); }

  static int BeginHeaders(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) Self(self).BeginRequest();
    return 0;
  }

  static int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t /*flags*/,
                      void* self) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    return Self(self).AddHeader(View(name, name_size), View(value, value_size))
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int FrameReceived(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* data) {
    Connection& self = Self(data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self.RequestArrived(frame->hd.stream_id);
        [[fallthrough]];
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          if (Exchange* exchange = self.Find(frame->hd.stream_id)) exchange->HalfClosed();
        }
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.PingArrived();
        break;
      case NGHTTP2_SETTINGS:
        self.has_settings_ = true;
        break;
      default:
        break;
    }
    return 0;
  }

  static int DataReceived(nghttp2_session* session, uint8_t /*flags*/, int32_t id,
                          const uint8_t* bytes, size_t size, void* self) {
    if (Exchange* exchange = Self(self).Find(id)) {
      exchange->Received(View(bytes, size));
    } else {
      nghttp2_session_consume(session, id, size);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session* /*session*/, int32_t id, uint32_t /*error*/,
                           void* self) {
    Self(self).StreamClosed(id);
    return 0;
  }

  // A call that is answered before its request was whole is over: the client need not go on.
  static int FrameSent(nghttp2_session* session, const nghttp2_frame* frame, void* data) {
    Connection& self = Self(data);
    if (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) {
      self.ping_strikes_ = 0;
      self.last_ping_ = {};
    }
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      const Exchange* exchange = self.Find(frame->hd.stream_id);
      if (exchange == nullptr || !exchange->half_closed()) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR);
      }
    }
    return 0;
  }

  static ssize_t Send(nghttp2_session* /*session*/, const uint8_t* bytes, size_t size,
                      int /*flags*/, void* data) {
    Connection& self = Self(data);
    if (self.IsStaged()) return NGHTTP2_ERR_WOULDBLOCK;
    self.staged_->AppendCopy(View(bytes, size));
    return static_cast<ssize_t>(size);
  }

  static int SendData(nghttp2_session* /*session*/, nghttp2_frame* /*frame*/, const uint8_t* head,
                      size_t length, nghttp2_data_source* source, void* data) {
    constexpr size_t kFrameHeaderSize = 9;
    Connection& self = Self(data);
    if (self.IsStaged()) return NGHTTP2_ERR_WOULDBLOCK;
    self.staged_->AppendCopy(View(head, kFrameHeaderSize));
    static_cast<Exchange*>(source->ptr)->TakeOutbound(length, *self.staged_);
    return 0;
  }
};

const nghttp2_session_callbacks* Connection::SessionCallbacks() {
  static const nghttp2_session_callbacks* const callbacks = Callbacks::Make();
  return callbacks;
}

nghttp2_data_provider Connection::SupplierOf(Exchange& exchange) {
  return {.source = {.ptr = &exchange}, .read_callback = &Callbacks::Supply};
}

}  // namespace kvshim::rpc
