// WireWriter: appends protobuf fields to a message. WireSize: the same calls, counting only.
//
// Protobuf puts a nested message's length before its fields, so each encoder is a template over
// the sink. A message without messages in it is run over a WireSize of its own for its length.
// Where messages nest to any depth that would double the work with every level: there the whole
// is run over a WireSize first, which notes the length of each in the order they begin, and the
// writer takes them from there.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

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
  WireSize() = default;
  explicit WireSize(std::vector<size_t>& lengths) : lengths_(&lengths) {}

  size_t bytes() const { return bytes_; }

  void Varint(uint64_t number) { bytes_ += VarintSize(number); }
  void Raw(std::string_view bytes) { bytes_ += bytes.size(); }
  void Shared(const KeyValue& kv) { bytes_ += kv.wire().size(); }

  // A nested message, its length before it.
  template <typename Fields>
  void Nested(const Fields& fields) {
    const size_t position = lengths_->size();
    lengths_->push_back(0);
    WireSize inner(*lengths_);
    fields(inner);
    (*lengths_)[position] = inner.bytes();
    Varint(inner.bytes());
    bytes_ += inner.bytes();
  }

 private:
  size_t bytes_ = 0;
  std::vector<size_t>* lengths_ = nullptr;
};

class WireWriter {
 public:
  explicit WireWriter(rpc::Message& message) : message_(message) {}
  WireWriter(rpc::Message& message, const std::vector<size_t>& lengths)
      : message_(message), next_length_(lengths.data()) {}

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

  template <typename Fields>
  void Nested(const Fields& fields) {
    Varint(*next_length_++);
    fields(*this);
  }

 private:
  rpc::Message& message_;
  const size_t* next_length_ = nullptr;
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

// A message that holds no others: `fields` writes its fields to whatever sink it is given.
template <typename Sink, typename Fields>
void PutMessage(Sink& sink, int field, const Fields& fields) {
  WireSize size;
  fields(size);
  sink.Varint(static_cast<uint64_t>(field) << 3 | 2);
  sink.Varint(size.bytes());
  fields(sink);
}

// A message that may hold others.
template <typename Sink, typename Fields>
void PutNested(Sink& sink, int field, const Fields& fields) {
  sink.Varint(static_cast<uint64_t>(field) << 3 | 2);
  sink.Nested(fields);
}

}  // namespace kvshim::etcd
