#include "store/kv_hash.h"

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <string>
#include <string_view>

#include "base/status.h"
#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

const std::string kZero(1, '\0');
constexpr int64_t kRevisionsAStep = 5000;

void AppendBigEndian(char*& out, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<char>(number >> shift);
}

// What etcd calls a version in its own store: main, '_', sub, and 't' for a tombstone.
void HashVersion(Crc32c& crc, const KeyValue& kv) {
  std::array<char, 18> name;
  char* out = name.data();
  AppendBigEndian(out, static_cast<uint64_t>(kv.mod_revision()));
  *out++ = '_';
  AppendBigEndian(out, kv.sub());
  if (kv.is_tombstone()) *out++ = 't';
  crc.process_bytes(name.data(), static_cast<size_t>(out - name.data()));
  // Of a tombstone etcd keeps the key alone.
  const KeyValue hashed = kv.is_tombstone() ? KeyValue::Make({.key = kv.key()}) : kv;
  crc.process_bytes(hashed.wire().data(), hashed.wire().size());
}

// Of the versions at or below the compacted revision, etcd hashes those that are in force at the
// hashed revision (where no key lives there: at the compacted one).
bool IsKept(const mvcc::Index::View& view, const KeyValue& kv, int64_t compact, int64_t in_force) {
  if (kv.mod_revision() > compact) return true;
  if (kv.is_tombstone()) return false;
  const mvcc::KeyHistory* history = view.Find(kv.key());
  if (history == nullptr) return false;
  const mvcc::Version* version = history->At(in_force);
  return version != nullptr && version->revision() == mvcc::Revision{kv.mod_revision(), kv.sub()};
}

}  // namespace

absl::StatusOr<HashResult> HashKeyValues(log::Log& log, const mvcc::Index& index,
                                         int64_t revision) {
  const mvcc::KeyRange every(kZero, kZero);
  while (true) {
    HashResult result;
    int64_t in_force = 0;
    {
      mvcc::Index::View view(index);
      result.revision = view.revision();
      result.compact_revision = view.compact_revision();
      result.hash_revision = revision == 0 ? result.revision : revision;
      // Below zero there is nothing, which etcd hashes without complaint.
      if (revision >= 0) RETURN_IF_ERROR(view.CheckReadable(result.hash_revision));
      in_force = view.CountLive(every, result.hash_revision) > 0 ? result.hash_revision
                                                                 : result.compact_revision;
    }
    Crc32c crc;
    crc.process_bytes("key", 3);
    for (int64_t from = 0; from <= result.hash_revision; from += kRevisionsAStep) {
      const int64_t to = std::min(from + kRevisionsAStep - 1, result.hash_revision);
      std::vector<KeyValue> rows;
      RETURN_IF_ERROR(log.ScanRows(from, to, [&](const KeyValue& kv) {
        rows.push_back(kv);
        return true;
      }));
      mvcc::Index::View view(index);
      for (const KeyValue& kv : rows) {
        if (IsKept(view, kv, result.compact_revision, in_force)) HashVersion(crc, kv);
      }
    }
    // Rows may have gone meanwhile only because of a newer compaction.
    if (index.compact_revision() != result.compact_revision) continue;
    result.hash = crc.checksum();
    return result;
  }
}

}  // namespace kvshim::store
