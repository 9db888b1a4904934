// WireWriter: writes protobuf fields into a message. WireSize: the same calls, counting only.
//
// Protobuf puts a nested message's length before its fields, so each encoder is a template over
// the sink. A message without messages in it is run over a WireSize of its own for its length.
// Where messages nest to any depth that would double the work with every level: there the whole
// is run over a WireSize first, which notes the length of each in the order they begin, and the
// writer takes them from there.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/varint.h"
#include "kvshim/key_value.h"
#include "rpc/message.h"

namespace kvshim::etcd {

inline constexpr rpc::Ownership kKeyValueOwnership{&KeyValue::RetainAgain, &KeyValue::Release};

class WireSize {
 public:
  WireSize() = default;
  explicit WireSize(std::vector<size_t>& lengths) : lengths_(&lengths) {}

  size_t bytes() const { return bytes_; }

  void Varint(uint64_t number) { bytes_ += base::VarintSize(number); }
  void Raw(std::string_view bytes) { bytes_ += bytes.size(); }
  void Shared(const KeyValue& /*kv*/, std::string_view bytes) { bytes_ += bytes.size(); }

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

// Small pieces are gathered and reach the message together.
class WireWriter {
 public:
  WireWriter() = default;
  // With the lengths of nested messages, which outlive it.
  explicit WireWriter(const std::vector<size_t>& lengths) : next_length_(lengths.data()) {}
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  void Varint(uint64_t number) {
    if (sizeof(gathered_) - size_ < base::kMaxVarintSize) Flush();
    size_ = static_cast<size_t>(base::PutVarint(gathered_ + size_, number) - gathered_);
  }
  void Raw(std::string_view bytes) {
    if (sizeof(gathered_) - size_ < bytes.size()) {
      Flush();
      if (bytes.size() > sizeof(gathered_)) return message_.AppendCopy(bytes);
    }
    std::memcpy(gathered_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Before a list, whose values are taken to be of about one size.
  void Reserve(const std::vector<KeyValue>& kvs) {
    if (kvs.empty() || kvs.front().wire().size() < rpc::Message::kShareThreshold) return;
    message_.Reserve(kvs.size() + 2);  // and what is before and behind
  }

  // Bytes of `kv`.
  void Shared(const KeyValue& kv, std::string_view bytes) {
    if (bytes.size() < rpc::Message::kShareThreshold) return Raw(bytes);
    Flush();
    message_.AppendShared(bytes, kv.Retain(), kKeyValueOwnership);
  }

  template <typename Fields>
  void Nested(const Fields& fields) {
    Varint(*next_length_++);
    fields(*this);
  }

  // What was written. Nothing is written afterwards.
  rpc::Message Finish() {
    Flush();
    return std::move(message_);
  }

 private:
  void Flush() {
    if (size_ == 0) return;
    message_.AppendCopy({gathered_, size_});
    size_ = 0;
  }

  rpc::Message message_;
  const size_t* next_length_ = nullptr;
  size_t size_ = 0;
  char gathered_[512];
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
  if (field == 2) return sink.Shared(kv, kv.wire_as_field_2());
  sink.Varint(static_cast<uint64_t>(field) << 3 | 2);
  sink.Varint(kv.wire().size());
  sink.Shared(kv, kv.wire());
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
