// KeyValue: one version of one key, as every part of kvshim holds it.
//
// A handle on immutable, reference-counted memory that carries the version both as fields and in
// etcd's wire form (the bytes of a mvccpb.KeyValue message). The cache, a reply and a watch event
// share the same bytes; copying a handle copies nothing.
//
// Thread safety: a handle is a value (as std::shared_ptr); what it points to never changes.
//
//   KeyValue kv = KeyValue::Make({.key = "/a", .value = "1", .create_revision = 2,
//                                 .mod_revision = 2, .version = 1});
//   kv.key() == "/a"; kv.wire() is the message a client decodes.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace kvshim {

// A lease's identity, chosen by the client or at random; kNoLease stands for none.
enum class LeaseId : int64_t {};
inline constexpr LeaseId kNoLease{0};

// What a version consists of. `sub` is the position of the change within its revision.
struct KeyValueFields {
  std::string_view key;
  std::string_view value;
  int64_t create_revision = 0;
  int64_t mod_revision = 0;
  int64_t version = 0;  // 0 marks a tombstone: the key was deleted at mod_revision
  LeaseId lease = kNoLease;
  uint32_t sub = 0;
};

class KeyValue {
 public:
  // An empty handle; only operator bool, assignment and destruction may be used on it.
  KeyValue() = default;

  static KeyValue Make(const KeyValueFields& fields);
  // A tombstone holds the key and the revision of the deletion only, as etcd's does.
  static KeyValue Tombstone(std::string_view key, int64_t mod_revision, uint32_t sub);

  KeyValue(const KeyValue& other) : rep_(other.rep_) { Ref(rep_); }
  KeyValue(KeyValue&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  KeyValue& operator=(KeyValue other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~KeyValue() { Unref(rep_); }

  explicit operator bool() const { return rep_ != nullptr; }

  std::string_view key() const { return {rep_->bytes() + rep_->key_offset, rep_->key_size}; }
  std::string_view value() const { return {rep_->bytes() + rep_->value_offset, rep_->value_size}; }
  int64_t create_revision() const { return rep_->create_revision; }
  int64_t mod_revision() const { return rep_->mod_revision; }
  int64_t version() const { return rep_->version; }
  LeaseId lease() const { return rep_->lease; }
  uint32_t sub() const { return rep_->sub; }
  bool is_tombstone() const { return rep_->version == 0; }

  // The mvccpb.KeyValue message, fields in the order of their numbers, defaults left out.
  std::string_view wire() const { return {rep_->bytes() + rep_->head_size, rep_->wire_size}; }
  // The same as a field of the message around it, tag and length before it: field 2, which is what
  // RangeResponse.kvs and PutResponse.prev_kv are. A list is sent as these, one piece a key.
  std::string_view wire_as_field_2() const { return {rep_->bytes(), rep_->size()}; }

  // The memory this version holds, in bytes.
  size_t memory() const { return sizeof(Rep) + rep_->size(); }

  // Read recently: set by readers, cleared by the cache's clock hand. Relaxed; only a hint.
  void Touch() const { rep_->touched.store(true, std::memory_order_relaxed); }
  bool TakeTouch() const { return rep_->touched.exchange(false, std::memory_order_relaxed); }

  // Ownership for code that keeps the bytes behind an opaque pointer (a reply's slice): Retain
  // gives one reference away, Release takes it back; RetainAgain gives another to who has one.
  void* Retain() const {
    Ref(rep_);
    return rep_;
  }
  static void RetainAgain(void* retained) { Ref(static_cast<Rep*>(retained)); }
  static void Release(void* retained) { Unref(static_cast<Rep*>(retained)); }

 private:
  // The header of one allocation; the wire bytes follow it, behind their tag and length.
  struct Rep {
    std::atomic<uint32_t> references{1};
    std::atomic<bool> touched{true};
    uint8_t head_size;  // of tag and length
    int64_t create_revision;
    int64_t mod_revision;
    int64_t version;
    LeaseId lease;
    uint32_t sub;
    uint32_t wire_size;
    uint32_t key_offset;
    uint32_t key_size;
    uint32_t value_offset;
    uint32_t value_size;

    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    size_t size() const { return size_t{head_size} + wire_size; }
  };

  explicit KeyValue(Rep* rep) : rep_(rep) {}

  static void Ref(Rep* rep) {
    if (rep != nullptr) rep->references.fetch_add(1, std::memory_order_relaxed);
  }
  static void Unref(Rep* rep) {
    if (rep != nullptr && rep->references.fetch_sub(1, std::memory_order_acq_rel) == 1) Free(rep);
  }
  static void Free(Rep* rep);

  Rep* rep_ = nullptr;
};

}  // namespace kvshim
