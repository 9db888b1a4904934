// Headers: HTTP/2's, as nghttp2 takes them, and the trailers that end a call.
//
//   const Trailers trailers(status);
//   nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
//
// Thread safety: values and pure functions.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace kvshim::rpc {

// Refers to both; nghttp2 copies them.
nghttp2_nv Header(std::string_view name, std::string_view value);

// grpc-status and, where there is one, grpc-message.
class Trailers {
 public:
  explicit Trailers(const absl::Status& status);
  Trailers(const Trailers&) = delete;
  Trailers& operator=(const Trailers&) = delete;

  const nghttp2_nv* data() const { return headers_.data(); }
  size_t size() const { return text_.empty() ? 1 : 2; }
  const nghttp2_nv& operator[](size_t i) const { return headers_[i]; }

 private:
  const std::string code_;
  const std::string text_;
  std::array<nghttp2_nv, 2> headers_{};
};

}  // namespace kvshim::rpc
