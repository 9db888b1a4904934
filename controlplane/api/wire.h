// The protobuf wire format: varints, tags and length-delimited pieces, read forward and written
// backward.
//
// A message is written from its end: what it holds is then in the buffer already when its length
// has to be written, and no size is counted twice.
//
// Thread safety: none.
//
//   WireWriter writer;
//   writer.String(1, "web");                  // field 1
//   std::string bytes = writer.Take();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kvplane::api {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }

  // Each is false where the bytes end too early or make no sense.
  bool Tag(uint32_t& number, WireType& type);
  bool Varint(uint64_t& value);
  bool Fixed64(uint64_t& value);
  bool Bytes(std::string_view& bytes);
  bool Skip(WireType type);

 private:
  std::string_view rest_;
};

class WireWriter {
 public:
  // What was written so far; a message's length is the growth since before its fields.
  size_t size() const { return static_cast<size_t>(end() - front_); }

  void Varint(uint32_t number, uint64_t value) {
    RawVarint(value);
    Tag(number, WireType::kVarint);
  }
  void Fixed64(uint32_t number, uint64_t value);
  void String(uint32_t number, std::string_view text);
  // Ends the message whose fields are what was written since size() was `before`.
  void EndMessage(uint32_t number, size_t before) {
    RawVarint(size() - before);
    Tag(number, WireType::kBytes);
  }
  void Raw(std::string_view bytes);

  std::string Take() { return std::string(front_, size()); }

 private:
  void Tag(uint32_t number, WireType type) {
    RawVarint(uint64_t{number} << 3 | static_cast<uint64_t>(type));
  }
  void RawVarint(uint64_t value);
  char* Reserve(size_t bytes);
  char* end() const { return buffer_.get() + capacity_; }

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  char* front_ = nullptr;
};

}  // namespace kvplane::api
