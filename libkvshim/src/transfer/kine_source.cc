#include "transfer/kine_source.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/error.h"

namespace kvshim::transfer {
namespace {

using base::Concat;

constexpr size_t kRowsAtOnce = 500;
constexpr size_t kBytesAtOnce = size_t{4} << 20;

// kine's own row, whose prev_revision is the compact revision.
constexpr char kNotACompaction[] = "name <> 'compact_rev_key'";

class KineSource final : public Source {
 public:
  explicit KineSource(std::unique_ptr<TableReader> reader)
      : reader_(std::move(reader)),
        name_(Concat("the kine database ", reader_->name())),
        origin_(Concat("kine ", reader_->name())) {}

  const std::string& name() const override { return name_; }
  const std::string& origin() const override { return origin_; }

  absl::StatusOr<Inventory> Look() override {
    Inventory inventory;
    rows_.clear();
    // The newest row comes in the same statement: what it shows is one moment. A row of the other
    // kind, marked by size -1, says the revision where no key lives.
    const std::string query =
        Concat("SELECT kv.id, coalesce(kv.lease, 0), length(kv.name) + length(",
               reader_->OrEmpty("kv.value"), ") FROM kine kv JOIN (SELECT max(id) AS id FROM kine ",
               "WHERE ", kNotACompaction, " GROUP BY ", reader_->ByBytes("name"),
               ") newest ON newest.id = kv.id WHERE kv.deleted = 0 ",
               "UNION ALL SELECT coalesce(max(id), 1), 0, -1 FROM kine");
    RETURN_IF_ERROR(reader_->Select(query, [&](const TableReader::Row& row) {
      const int64_t id = row.Int(0);
      const int64_t size = row.Int(2);
      if (size < 0) {
        inventory.revision = std::max<int64_t>(id, 1);
        return absl::OkStatus();
      }
      const int64_t ttl = row.Int(1);
      rows_.push_back({id, size});
      if (ttl > 0) inventory.leases.push_back({LeaseId{id}, ttl});
      return absl::OkStatus();
    }));
    std::ranges::sort(rows_, {}, &Row::id);
    std::ranges::sort(inventory.leases, {}, &log::LeaseGrant::id);
    if (!rows_.empty() && rows_.front().id < 2) {
      return absl::FailedPreconditionError(
          Concat(name_, " has a key at revision ", rows_.front().id,
                 "; the first revision that etcd's clients know is 2"));
    }
    inventory.compact_revision = inventory.revision;
    inventory.rows = inventory.keys = static_cast<int64_t>(rows_.size());
    return inventory;
  }

  absl::Status Visit(const std::function<absl::Status(const KeyValue&)>& visit) override {
    for (size_t begin = 0; begin < rows_.size();) {
      std::string ids;
      size_t end = begin;
      for (int64_t bytes = 0; end < rows_.size() && end - begin < kRowsAtOnce &&
                              bytes < static_cast<int64_t>(kBytesAtOnce);
           ++end) {
        bytes += rows_[end].bytes;
        ids += Concat(ids.empty() ? "" : ", ", rows_[end].id);
      }
      RETURN_IF_ERROR(VisitSome(begin, ids, visit));
      begin = end;
    }
    return absl::OkStatus();
  }

 private:
  struct Row {
    int64_t id;
    int64_t bytes;
  };

  // The rows of `ids`, which begin at `next`.
  absl::Status VisitSome(size_t next, const std::string& ids,
                         const std::function<absl::Status(const KeyValue&)>& visit) {
    const size_t wanted = static_cast<size_t>(std::ranges::count(ids, ',')) + 1;
    size_t found = 0;
    RETURN_IF_ERROR(reader_->Select(
        Concat("SELECT id, name, coalesce(created, 0), coalesce(create_revision, 0), "
               "coalesce(lease, 0), ",
               reader_->OrEmpty("value"), " FROM kine WHERE id IN (", ids, ") ORDER BY id"),
        [&](const TableReader::Row& row) -> absl::Status {
          const int64_t id = row.Int(0);
          if (found == wanted || rows_[next + found].id != id) return Gone(rows_[next + found].id);
          ++found;
          const bool created = row.Int(2) != 0;
          const int64_t create_revision = row.Int(3);
          // kine's rows of creation name no revision of it; older kines left it out of others too.
          const bool first = created || create_revision < 2 || create_revision >= id;
          return visit(KeyValue::Make({.key = row.Bytes(1),
                                       .value = row.Bytes(5),
                                       .create_revision = first ? id : create_revision,
                                       .mod_revision = id,
                                       .version = first ? 1 : 2,
                                       .lease = row.Int(4) > 0 ? LeaseId{id} : kNoLease}));
        }));
    return found == wanted ? absl::OkStatus() : Gone(rows_[next + found].id);
  }

  absl::Status Gone(int64_t id) const {
    return sql::MakeError(sql::ErrorKind::kConflict,
                          Concat(name_, " was compacted while it was read: row ", id,
                                 " is gone; stop kine, and run it again"));
  }

  const std::unique_ptr<TableReader> reader_;
  const std::string name_;
  const std::string origin_;
  std::vector<Row> rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenKineSource(std::unique_ptr<TableReader> reader) {
  return std::make_unique<KineSource>(std::move(reader));
}

}  // namespace kvshim::transfer
