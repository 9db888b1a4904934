// WireWriter: appends protobuf fields to a message. WireSize: the same calls, counting only.
//
// Protobuf puts a nested message's length before its fields, so each encoder is a template over
// the sink: it runs once over WireSize for the length, then over the writer.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvshim/key_value.h"
#include "rpc/message.h"

namespace kvshim::etcd {

inline size_t VarintSize(uint64_t number) {
  size_t size = 1;
  for (; number >= 0x80; number >>= 7) ++size;
  return size;
}

class WireSize {
 public:
  size_t bytes() const { return bytes_; }

  void Varint(uint64_t number) { bytes_ += VarintSize(number); }
  void Raw(std::string_view bytes) { bytes_ += bytes.size(); }
  void Shared(const KeyValue& kv) { bytes_ += kv.wire().size(); }

 private:
  size_t bytes_ = 0;
};

class WireWriter {
 public:
  explicit WireWriter(rpc::Message& message) : message_(message) {}

  void Varint(uint64_t number) {
    char buffer[10];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7) buffer[size++] = static_cast<char>(number | 0x80);
    buffer[size++] = static_cast<char>(number);
    message_.AppendCopy({buffer, size});
  }
  void Raw(std::string_view bytes) { message_.AppendCopy(bytes); }
  void Shared(const KeyValue& kv) {
    if (kv.wire().size() < rpc::Message::kShareThreshold) {
      message_.AppendCopy(kv.wire());
    } else {
      message_.AppendShared(kv.wire(), kv.Retain(), &KeyValue::Release);
    }
  }

 private:
  rpc::Message& message_;
};

// Fields over either sink. Defaults are left out, as proto3 has it.
template <typename Sink>
void PutNumber(Sink& sink, int field, uint64_t number) {
  if (number == 0) return;
  sink.Varint(static_cast<uint64_t>(field) << 3);
  sink.Varint(number);
}

template <typename Sink>
void PutBytes(Sink& sink, int field, std::string_view bytes) {
  if (bytes.empty()) return;
  sink.Varint(static_cast<uint64_t>(field) << 3 | 2);
  sink.Varint(bytes.size());
  sink.Raw(bytes);
}

template <typename Sink>
void PutKeyValue(Sink& sink, int field, const KeyValue& kv) {
  sink.Varint(static_cast<uint64_t>(field) << 3 | 2);
  sink.Varint(kv.wire().size());
  sink.Shared(kv);
}

// A nested message: `fields` writes its fields to whatever sink it is given.
template <typename Sink, typename Fields>
void PutMessage(Sink& sink, int field, const Fields& fields) {
  WireSize size;
  fields(size);
  sink.Varint(static_cast<uint64_t>(field) << 3 | 2);
  sink.Varint(size.bytes());
  fields(sink);
}

}  // namespace kvshim::etcd
