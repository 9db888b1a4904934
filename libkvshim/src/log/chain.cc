#include "log/chain.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "base/strings.h"
#include "log/encoding.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

// Looked up once: a lookup costs more than hashing a small batch.
const EVP_MD* Sha256() {
  static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

absl::Status NoRandomness() {
  return sql::MakeError(sql::ErrorKind::kOther, "the system gives no random numbers");
}

}  // namespace

ChainHasher::ChainHasher() : context_(EVP_MD_CTX_new()) {}
ChainHasher::~ChainHasher() { EVP_MD_CTX_free(context_); }

void ChainHasher::Begin(const Hash& previous, const sql::BatchRecord& batch) {
  EVP_DigestInit_ex(context_, Sha256(), nullptr);
  EVP_DigestUpdate(context_, previous.data(), previous.size());
  EVP_DigestUpdate(context_, batch.nonce.data(), batch.nonce.size());
  EVP_DigestUpdate(context_, batch.prev.data(), batch.prev.size());
  char header[84];
  char* out = header;
  for (const int64_t number :
       {batch.seq, batch.epoch, batch.first_revision, batch.last_revision, batch.row_count,
        batch.compact_revision, batch.gc_floor, batch.min_reader, batch.min_writer, batch.writer}) {
    out = PutFixed64(out, static_cast<uint64_t>(number));
  }
  PutFixed32(out, static_cast<uint32_t>(batch.ops.size()));
  EVP_DigestUpdate(context_, header, sizeof(header));
  EVP_DigestUpdate(context_, batch.ops.data(), batch.ops.size());
}

void ChainHasher::Add(const sql::LogRecord& row) {
  char header[45];
  char* out = PutFixed64(header, static_cast<uint64_t>(row.id.revision));
  out = PutFixed32(out, row.id.sub);
  *out++ = row.tombstone ? 1 : 0;
  out = PutFixed64(out, static_cast<uint64_t>(row.create_revision));
  out = PutFixed64(out, static_cast<uint64_t>(row.version));
  out = PutFixed64(out, static_cast<uint64_t>(row.lease));
  out = PutFixed32(out, static_cast<uint32_t>(row.key.size()));
  PutFixed32(out, static_cast<uint32_t>(row.value.size()));
  EVP_DigestUpdate(context_, header, sizeof(header));
  EVP_DigestUpdate(context_, row.key.data(), row.key.size());
  EVP_DigestUpdate(context_, row.value.data(), row.value.size());
}

Hash ChainHasher::Finish() {
  Hash hash;
  EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(hash.data()), nullptr);
  return hash;
}

absl::StatusOr<Nonce> RandomNonce() {
  // Drawn for many at once: asking costs more than the bytes.
  struct Supply {
    std::array<char, 64 * std::tuple_size_v<Nonce>> bytes;
    size_t used = sizeof(bytes);
  };
  thread_local Supply supply;
  if (supply.used == supply.bytes.size()) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(supply.bytes.data()), supply.bytes.size()) !=
        1) {
      return NoRandomness();
    }
    supply.used = 0;
  }
  Nonce nonce;
  std::copy_n(supply.bytes.data() + supply.used, nonce.size(), nonce.data());
  supply.used += nonce.size();
  return nonce;
}

absl::StatusOr<uint64_t> RandomId() {
  uint64_t id = 0;
  while (id == 0) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof(id)) != 1) return NoRandomness();
  }
  return id;
}

std::string ToHex(const Nonce& nonce) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : nonce) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

std::optional<Nonce> FromHex(std::string_view text) {
  Nonce nonce{};
  if (text.size() != 2 * nonce.size()) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    const int value = digit ? c - '0' : c - 'a' + 10;
    nonce[i / 2] = static_cast<char>(static_cast<unsigned char>(nonce[i / 2]) << 4 | value);
  }
  return nonce;
}

absl::StatusOr<Head> HeadOf(const sql::BatchRecord& batch) {
  Head head{.seq = batch.seq,
            .epoch = batch.epoch,
            .revision = batch.last_revision,
            .compact_revision = batch.compact_revision,
            .gc_floor = batch.gc_floor};
  if (batch.nonce.size() != head.nonce.size() || batch.prev.size() != head.nonce.size() ||
      batch.hash.size() != head.hash.size()) {
    return sql::MakeError(
        sql::ErrorKind::kCorrupt,
        base::Concat("kv_batch ", batch.seq, ": a nonce or hash has the wrong size"));
  }
  std::memcpy(head.nonce.data(), batch.nonce.data(), head.nonce.size());
  std::memcpy(head.hash.data(), batch.hash.data(), head.hash.size());
  return head;
}

sql::BatchRecord RecordOf(const Head& tip, const Head& head, size_t row_count) {
  return {.seq = head.seq,
          .nonce = AsView(head.nonce),
          .prev = AsView(tip.nonce),
          .epoch = head.epoch,
          .first_revision = tip.revision + 1,
          .last_revision = head.revision,
          .row_count = static_cast<int64_t>(row_count),
          .compact_revision = head.compact_revision,
          .gc_floor = head.gc_floor,
          .hash = AsView(head.hash)};
}

}  // namespace kvshim::log
