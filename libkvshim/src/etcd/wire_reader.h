// WireReader: the fields of one protobuf message, one after another, where they lie.
//
// A field whose wire type is not the one that is asked for is passed over, as are unknown fields:
// that is what protobuf's generated classes do.
//
// Thread safety: none. The bytes outlive the reader.
//
//   WireReader reader(bytes);
//   while (reader.Next()) {
//     if (reader.Is(1, WireReader::kBytes)) key = reader.bytes();
//   }
//   return reader.ok();
#pragma once

#include <cstdint>
#include <string_view>

namespace kvshim::etcd {

class WireReader {
 public:
  enum Type : uint32_t {
    kVarint = 0,
    kFixed64 = 1,
    kBytes = 2,
    kGroup = 3,
    kEndGroup = 4,
    kFixed32 = 5
  };

  explicit WireReader(std::string_view message)
      : at_(message.data()), end_(message.data() + message.size()) {}

  // False at the end, or where the bytes are no message.
  bool Next();
  bool ok() const { return ok_; }

  // Of the field that Next found.
  bool Is(uint32_t field, Type type) const { return field_ == field && type_ == type; }
  uint32_t field() const { return field_; }
  Type type() const { return type_; }
  uint64_t number() const { return number_; }
  int64_t int64() const { return static_cast<int64_t>(number_); }
  int32_t int32() const { return static_cast<int32_t>(number_); }
  bool boolean() const { return number_ != 0; }
  std::string_view bytes() const { return bytes_; }

 private:
  bool Tag(uint32_t& field);
  bool Varint(uint64_t& number);
  bool Skip(uint64_t count);
  bool SkipGroup();
  // Reads or passes over the field whose tag has been read.
  bool Read();

  const char* at_;
  const char* const end_;
  bool ok_ = true;
  uint32_t field_ = 0;
  Type type_ = kVarint;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

}  // namespace kvshim::etcd
