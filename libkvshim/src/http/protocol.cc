#include "http/protocol.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace kvshim::http {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kRecordHeader = 5;
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHello = 1;
constexpr size_t kMaxRecord = (1 << 14) + 256;
constexpr uint16_t kAlpnExtension = 16;

// Takes big-endian numbers and length-prefixed pieces from the front of some bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }

  size_t Number(size_t size) {
    const std::string_view digits = Take(size);
    size_t number = 0;
    for (const char c : digits) number = number << 8 | static_cast<uint8_t>(c);
    return number;
  }
  // A piece whose length stands before it in `size` bytes.
  std::string_view Piece(size_t size) { return Take(Number(size)); }
  std::string_view Take(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

// The ALPN list within a ClientHello's body; nullopt where there is none.
std::optional<std::string_view> AlpnOf(std::string_view hello) {
  Reader reader(hello);
  reader.Take(2 + 32);  // version, random
  reader.Piece(1);      // session id
  reader.Piece(2);      // cipher suites
  reader.Piece(1);      // compression methods
  Reader extensions(reader.Piece(2));
  while (reader.ok() && extensions.ok() && !extensions.empty()) {
    const size_t type = extensions.Number(2);
    const std::string_view content = extensions.Piece(2);
    if (type == kAlpnExtension && extensions.ok()) return Reader(content).Piece(2);
  }
  return std::nullopt;
}

}  // namespace

Protocol ProtocolOf(std::string_view first_bytes) {
  if (first_bytes.size() < kPreface.size()) {
    return kPreface.starts_with(first_bytes) ? Protocol::kUndecided : Protocol::kHttp1;
  }
  return first_bytes.starts_with(kPreface) ? Protocol::kHttp2 : Protocol::kHttp1;
}

Protocol ProtocolOfTls(std::string_view first_bytes) {
  if (first_bytes.empty()) return Protocol::kUndecided;
  if (static_cast<uint8_t>(first_bytes[0]) != kHandshakeRecord) return Protocol::kInvalid;
  if (first_bytes.size() < kRecordHeader) return Protocol::kUndecided;
  Reader record(first_bytes.substr(3));
  const size_t size = record.Number(2);
  if (size > kMaxRecord) return Protocol::kInvalid;
  if (first_bytes.size() < kRecordHeader + size) return Protocol::kUndecided;
  Reader handshake(record.Take(size));
  if (handshake.Number(1) != kClientHello) return Protocol::kInvalid;
  // A hello that goes on in another record offers no list that fits here; HTTP/1.1 then.
  const std::optional<std::string_view> alpn = AlpnOf(handshake.Piece(3));
  if (!alpn.has_value()) return Protocol::kHttp1;
  bool h2 = false;
  Reader names(*alpn);
  while (names.ok() && !names.empty()) {
    const std::string_view name = names.Piece(1);
    if (name == "http/1.1") return Protocol::kHttp1;
    if (name == "h2") h2 = true;
  }
  return h2 ? Protocol::kHttp2 : Protocol::kHttp1;
}

}  // namespace kvshim::http
