#include "rpc/frame_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>

#include "base/strings.h"

namespace kvshim::rpc {

absl::Status FrameReader::BeginMessage() {
  length_ = 0;
  for (size_t i = 1; i < kHeaderSize; ++i) {
    length_ = length_ << 8 | static_cast<uint8_t>(header_[i]);
  }
  if (length_ > max_bytes_) {
    return absl::ResourceExhaustedError(base::Concat("grpc: received message larger than max (",
                                                     length_, " vs. ", max_bytes_, ")"));
  }
  if (header_[0] == 0) {
    // What is announced may never come.
    message_.reserve(std::min(length_, size_t{16} << 10));
    return absl::OkStatus();
  }
  switch (header_[0] == 1 ? encoding_ : Encoding::kUnknown) {
    case Encoding::kGzip:
      return absl::OkStatus();
    case Encoding::kIdentity:
      return absl::InternalError("grpc: compressed flag set with identity or empty encoding");
    case Encoding::kUnknown:
      break;
  }
  return absl::UnimplementedError("grpc: the message's compression is not known, gzip is");
}

absl::StatusOr<std::string> FrameReader::Inflate(std::string_view compressed) const {
  z_stream stream{};
  constexpr int kGzipOrZlib = 15 + 32;
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) return absl::InternalError("grpc: zlib failed");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= max_bytes_) {
    const size_t before = out.size();
    out.resize(std::min(std::max(before * 2, size_t{4} << 10), max_bytes_ + 1));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() == before && result == Z_OK) result = Z_BUF_ERROR;  // cut off
  }
  inflateEnd(&stream);
  if (out.size() > max_bytes_) {
    return absl::ResourceExhaustedError(
        base::Concat("grpc: received message larger than max after decompression, ", max_bytes_));
  }
  if (result != Z_STREAM_END) {
    return absl::InternalError("grpc: the compressed message cannot be decompressed");
  }
  return out;
}

}  // namespace kvshim::rpc
