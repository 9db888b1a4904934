// FrameReader: cuts what arrives on a call into gRPC's messages: a byte that says whether the
// message is compressed, four with its length, the message.
//
// Thread safety: none.
//
//   RETURN_IF_ERROR(reader.Feed(bytes, [&](std::string message) { ... }));
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kvshim::rpc {

// Of the request's grpc-encoding.
enum class Encoding { kIdentity, kGzip, kUnknown };

class FrameReader {
 public:
  FrameReader(size_t max_bytes, Encoding encoding) : max_bytes_(max_bytes), encoding_(encoding) {}

  // `take` gets each message that is whole. An error is the answer to the call; nothing may be fed
  // after it.
  template <typename Take>
  absl::Status Feed(std::string_view bytes, Take&& take) {
    while (true) {
      if (header_size_ < kHeaderSize) {
        while (header_size_ < kHeaderSize && !bytes.empty()) {
          header_[header_size_++] = bytes.front();
          bytes.remove_prefix(1);
        }
        if (header_size_ < kHeaderSize) return absl::OkStatus();
        if (absl::Status status = BeginMessage(); !status.ok()) return status;
      }
      const size_t missing = length_ - message_.size();
      const std::string_view part = bytes.substr(0, missing);
      message_.append(part);
      bytes.remove_prefix(part.size());
      if (part.size() < missing) return absl::OkStatus();
      header_size_ = 0;
      if (header_[0] != 0) {
        absl::StatusOr<std::string> inflated = Inflate(message_);
        if (!inflated.ok()) return inflated.status();
        message_ = *std::move(inflated);
      }
      take(std::exchange(message_, {}));
    }
  }

  // Whether nothing is missing of a message that has begun.
  bool is_between_messages() const { return header_size_ == 0; }

 private:
  static constexpr size_t kHeaderSize = 5;

  absl::Status BeginMessage();
  absl::StatusOr<std::string> Inflate(std::string_view compressed) const;

  const size_t max_bytes_;
  const Encoding encoding_;
  char header_[kHeaderSize] = {};
  size_t header_size_ = 0;
  size_t length_ = 0;
  std::string message_;
};

}  // namespace kvshim::rpc
