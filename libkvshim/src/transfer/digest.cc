#include "transfer/digest.h"

#include <openssl/evp.h>

#include <memory>

#include "log/encoding.h"

namespace kvshim::transfer {
namespace {

using Hash = std::array<unsigned char, 32>;

Hash Sha256(std::initializer_list<std::string_view> pieces) {
  static thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Hash hash;
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const std::string_view piece : pieces) {
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
  }
  EVP_DigestFinal_ex(context.get(), hash.data(), nullptr);
  return hash;
}

// What distinguishes a row's fields from a lease's.
constexpr char kRow = 'r';
constexpr char kLease = 'l';

}  // namespace

void Digest::Add(const KeyValue& row) {
  std::string fields(1, kRow);
  log::AppendFixed64(fields, row.key().size());
  log::AppendFixed64(fields, static_cast<uint64_t>(row.lease()));
  if (of_ == Of::kVersions) {
    log::AppendFixed64(fields, static_cast<uint64_t>(row.create_revision()));
    log::AppendFixed64(fields, static_cast<uint64_t>(row.mod_revision()));
    log::AppendFixed64(fields, static_cast<uint64_t>(row.version()));
  }
  ++rows_;
  Add(fields, row.key(), row.value());
}

void Digest::Add(std::span<const log::LeaseGrant> leases) {
  for (const log::LeaseGrant& lease : leases) {
    std::string fields(1, kLease);
    log::AppendFixed64(fields, static_cast<uint64_t>(lease.id));
    if (of_ == Of::kVersions) log::AppendFixed64(fields, static_cast<uint64_t>(lease.ttl));
    ++leases_;
    Add(fields, {}, {});
  }
}

void Digest::Add(const std::string& fields, std::string_view key, std::string_view value) {
  const Hash hash = Sha256({fields, key, value});
  const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
  for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += log::Fixed64(bytes.substr(8 * i));
}

std::string Digest::Text() const {
  std::string bytes;
  for (const uint64_t part : sum_) log::AppendFixed64(bytes, part);
  log::AppendFixed64(bytes, static_cast<uint64_t>(rows_));
  log::AppendFixed64(bytes, static_cast<uint64_t>(leases_));
  std::string text;
  for (const unsigned char byte : Sha256({bytes})) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace kvshim::transfer
