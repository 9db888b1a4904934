#include "apiserver/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace kvplane::apiserver {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way of asking for gzip's header
constexpr int kMemoryLevel = 8;

// zlib reads from pointers that are not const.
Bytef* Input(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), item.size() + 1));
    const size_t semicolon = item.find(';');
    if (Trim(item.substr(0, semicolon)) != "gzip") continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = Trim(item.substr(semicolon + 1));
    return !weight.starts_with("q=0") || weight.find_first_not_of("q=0.") != weight.npos;
  }
  return false;
}

std::string Gzip(std::string_view plain) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = Input(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t max_bytes) {
  z_stream stream{};
  inflateInit2(&stream, kGzipWindow);
  stream.next_in = Input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= max_bytes) {
    const size_t before = out.size();
    out.resize(before + std::clamp<size_t>(before, 16 << 10, 1 << 20));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (out.size() > max_bytes) return absl::ResourceExhaustedError("the inflated body is too large");
  if (!whole) return absl::InvalidArgumentError("the body is not gzip");
  return out;
}

}  // namespace kvplane::apiserver
