#include "store/quota.h"

namespace kvshim::store {
namespace {

// What a row takes beside its key and value: columns, cell, its share of pages.
constexpr int64_t kRowBytes = 128;

constexpr int64_t kFileQuota = int64_t{2} << 30;

}  // namespace

int64_t QuotaOf(const StoreOptions& options, log::Log& log) {
  if (options.quota_bytes >= 0) return options.quota_bytes;
  return log.shared() == nullptr ? kFileQuota : 0;
}

bool Quota::HasRoom(size_t bytes) {
  if (limit_ <= 0) return true;
  const int64_t more = static_cast<int64_t>(bytes) + kRowBytes;
  if (known_ < 0 || known_ + more > limit_) {
    const auto size = log_.Size();
    if (!size.ok()) return true;  // the commit that follows says what is wrong
    known_ = size->total;
  }
  if (known_ + more > limit_) return false;
  known_ += more;
  return true;
}

}  // namespace kvshim::store
