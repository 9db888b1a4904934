// Bytes of what servers of one release tell each other: requests, answers, batches. One description
// of a struct's members serves both directions:
//
//   PeerWriter out;                     PeerReader in(bytes);
//   out(request, 17);                   in(request, number);
//                                       if (!in.ok()) …
//
// Numbers have eight bytes, least significant first, texts and lists their length before them. Both
// ends are the same release (etcd/peer_link.h makes sure), so nothing is numbered or left out.
//
// Thread safety: none.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "kvshim/key_value.h"
#include "kvshim/request.h"
#include "log/encoding.h"

namespace kvshim::store {

// The members of each struct, in the order in which they are sent.
template <typename Archive>
void Fields(Archive& a, RangeRequest& m) {
  a(m.key, m.range_end, m.limit, m.revision, m.sort_order, m.sort_target, m.serializable,
    m.keys_only, m.count_only, m.min_mod_revision, m.max_mod_revision, m.min_create_revision,
    m.max_create_revision);
}
template <typename Archive>
void Fields(Archive& a, RangeResponse& m) {
  a(m.revision, m.kvs, m.more, m.count);
}
template <typename Archive>
void Fields(Archive& a, PutRequest& m) {
  a(m.key, m.value, m.lease, m.prev_kv, m.ignore_value, m.ignore_lease);
}
template <typename Archive>
void Fields(Archive& a, PutResponse& m) {
  a(m.revision, m.prev_kv);
}
template <typename Archive>
void Fields(Archive& a, DeleteRangeRequest& m) {
  a(m.key, m.range_end, m.prev_kv);
}
template <typename Archive>
void Fields(Archive& a, DeleteRangeResponse& m) {
  a(m.revision, m.deleted, m.prev_kvs);
}
template <typename Archive>
void Fields(Archive& a, Compare& m) {
  a(m.result, m.target, m.key, m.range_end, m.number, m.value, m.has_operand);
}
template <typename Archive>
void Fields(Archive& a, TxnRequest& m) {
  a(m.compare, m.success, m.failure);
}
template <typename Archive>
void Fields(Archive& a, TxnResponse& m) {
  a(m.revision, m.succeeded, m.responses);
}

class PeerWriter {
 public:
  // What is passed is only read; it is not const because PeerReader fills it.
  template <typename... Values>
  void operator()(Values&&... values) {
    (Put(values), ...);
  }

  std::string& bytes() { return bytes_; }

 private:
  template <typename T>
    requires std::integral<T> || std::is_enum_v<T>
  void Put(const T& number) {
    if constexpr (sizeof(T) == 1) {
      bytes_.push_back(static_cast<char>(number));
    } else {
      log::AppendFixed64(bytes_, static_cast<uint64_t>(number));
    }
  }
  void Put(std::string_view text) {
    log::AppendFixed32(bytes_, static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void Put(const std::string& text) { Put(std::string_view(text)); }
  void Put(const KeyValue& kv) {
    Put(static_cast<bool>(kv));
    if (!kv) return;
    Put(kv.key());
    Put(kv.value());
    for (const int64_t number : {kv.create_revision(), kv.mod_revision(), kv.version(),
                                 static_cast<int64_t>(kv.lease()), int64_t{kv.sub()}}) {
      Put(number);
    }
  }
  template <typename T>
  void Put(std::vector<T>& list) {
    log::AppendFixed32(bytes_, static_cast<uint32_t>(list.size()));
    for (T& element : list) Put(element);
  }
  template <typename... Ts>
  void Put(std::variant<Ts...>& choice) {
    bytes_.push_back(static_cast<char>(choice.index()));
    std::visit([this](auto& chosen) { Put(chosen); }, choice);
  }
  template <typename T>
  void Put(std::unique_ptr<T>& one) {
    Put(*one);
  }
  void Put(std::monostate) {}
  template <typename T>
    requires requires(PeerWriter& a, T& m) { Fields(a, m); }
  void Put(T& message) {
    Fields(*this, message);
  }

  std::string bytes_;
};

class PeerReader {
 public:
  explicit PeerReader(std::string_view bytes) : rest_(bytes) {}

  template <typename... Values>
  void operator()(Values&... values) {
    (Take(values), ...);
  }

  // False where the bytes were not what was asked for; what was read then means nothing.
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  // What has not been read.
  std::string_view rest() const { return rest_; }

 private:
  // A transaction in a transaction in … is refused far earlier, where a client sends it.
  static constexpr int kDeepest = 128;

  std::string_view Bytes(size_t count) {
    if (count > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  size_t Count() {
    const std::string_view bytes = Bytes(4);
    return ok_ ? log::Fixed32(bytes) : 0;
  }

  template <typename T>
    requires std::integral<T> || std::is_enum_v<T>
  void Take(T& number) {
    const std::string_view bytes = Bytes(sizeof(T) == 1 ? 1 : 8);
    if (ok_) number = static_cast<T>(log::Fixed(bytes, static_cast<int>(bytes.size())));
  }
  void Take(std::string_view& text) { text = Bytes(Count()); }
  void Take(std::string& text) { text = Bytes(Count()); }
  void Take(KeyValue& kv) {
    bool there = false;
    Take(there);
    if (!there || !ok_) return;
    KeyValueFields fields;
    int64_t lease = 0;
    int64_t sub = 0;
    (*this)(fields.key, fields.value, fields.create_revision, fields.mod_revision, fields.version,
            lease, sub);
    fields.lease = LeaseId{lease};
    fields.sub = static_cast<uint32_t>(sub);
    if (!ok_) return;
    kv = fields.version == 0 ? KeyValue::Tombstone(fields.key, fields.mod_revision, fields.sub)
                             : KeyValue::Make(fields);
  }
  template <typename T>
  void Take(std::vector<T>& list) {
    // Each element has a byte at least: a length beyond that is none.
    const size_t count = Count();
    if (count > rest_.size()) ok_ = false;
    list.clear();
    for (size_t i = 0; ok_ && i < count; ++i) Take(list.emplace_back());
  }
  template <typename... Ts>
  void Take(std::variant<Ts...>& choice) {
    uint8_t index = 0;
    Take(index);
    if (index >= sizeof...(Ts)) ok_ = false;
    if (ok_) TakeOf<0>(choice, index);
  }
  template <size_t kIndex, typename... Ts>
  void TakeOf(std::variant<Ts...>& choice, size_t index) {
    if constexpr (kIndex < sizeof...(Ts)) {
      if (index != kIndex) return TakeOf<kIndex + 1>(choice, index);
      Take(choice.template emplace<kIndex>());
    }
  }
  template <typename T>
  void Take(std::unique_ptr<T>& one) {
    one = std::make_unique<T>();
    if (++depth_ > kDeepest) ok_ = false;
    if (ok_) Take(*one);
    --depth_;
  }
  void Take(std::monostate) {}
  template <typename T>
    requires requires(PeerReader& a, T& m) { Fields(a, m); }
  void Take(T& message) {
    Fields(*this, message);
  }

  std::string_view rest_;
  bool ok_ = true;
  int depth_ = 0;
};

}  // namespace kvshim::store
