#include "rpc/headers.h"

#include "base/strings.h"

namespace kvshim::rpc {
namespace {

// As gRPC wants a status's text in a header.
std::string PercentEncode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

}  // namespace

nghttp2_nv Header(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

Trailers::Trailers(const absl::Status& status)
    : code_(std::to_string(static_cast<int>(status.code()))),
      text_(PercentEncode(base::FromAbsl(status.message()))) {
  headers_ = {Header("grpc-status", code_), Header("grpc-message", text_)};
}

}  // namespace kvshim::rpc
