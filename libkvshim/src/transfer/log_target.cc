#include "transfer/log_target.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "log/contents.h"
#include "log/import.h"
#include "transfer/table_reader.h"

namespace kvshim::transfer {
namespace {

// Running servers show that they live once a second.
constexpr std::chrono::seconds kSeveralBeats{3};

class LogTarget final : public Target {
 public:
  explicit LogTarget(std::unique_ptr<log::Importer> importer)
      : importer_(std::move(importer)),
        name_(base::Concat("the kvshim database ", importer_->database().name())),
        written_through_(importer_->revision()) {}

  const std::string& name() const override { return name_; }
  bool resumed() const override { return importer_->resumed(); }

  absl::Status Begin(const Inventory& inventory) override {
    return importer_->Begin(inventory.compact_revision, inventory.leases);
  }

  absl::Status Add(const KeyValue& row) override {
    if (resumed()) given_.push_back(Mark(row));
    if (row.mod_revision() <= written_through_) return absl::OkStatus();
    return importer_->Add(row);
  }

  absl::Status Complete(int64_t revision) override {
    RETURN_IF_ERROR(importer_->Complete(revision));
    if (!resumed()) return absl::OkStatus();
    std::ranges::sort(given_);
    return importer_->DeleteStrays(
        [&](const KeyValue& row) { return std::ranges::binary_search(given_, Mark(row)); });
  }

  absl::StatusOr<Digest> ReadBack(const std::function<void(const KeyValue&)>& on_row) override {
    sql::Database& database = importer_->database();
    ASSIGN_OR_RETURN(const log::Contents contents,
                     log::Contents::Read(database, log::Contents::Of::kImport));
    Digest digest(Digest::Of::kVersions);
    RETURN_IF_ERROR(contents.Visit(database, [&](const KeyValue& row) {
      digest.Add(row);
      on_row(row);
      return absl::OkStatus();
    }));
    digest.Add(contents.leases());
    return digest;
  }

  absl::Status Publish() override { return importer_->Publish(); }

 private:
  // Enough to tell rows apart; the digests are what proves it.
  using RowMark = std::pair<int64_t, size_t>;
  static RowMark Mark(const KeyValue& row) {
    return {row.mod_revision(), std::hash<std::string_view>()(row.key())};
  }

  const std::unique_ptr<log::Importer> importer_;
  const std::string name_;
  const int64_t written_through_;
  std::vector<RowMark> given_;  // every row of the source, where strays may have to be found
};

// Opening a SQLite file for writing sets it up before anything of it is read: another program's
// must not come that far.
absl::Status RefuseForeignFile(const sql::Dsn& dsn, const sql::NetworkOptions& network) {
  std::error_code error;
  if (dsn.scheme != sql::kSqliteScheme || std::filesystem::file_size(dsn.address, error) == 0 ||
      error) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto reader, TableReader::Open(dsn, network));
  ASSIGN_OR_RETURN(const bool ours, reader->HasTable("kv_batch"));
  if (ours) return absl::OkStatus();
  return absl::FailedPreconditionError(
      base::Concat("the file ", dsn.address, " belongs to another program; name a new one"));
}

using Beats = std::map<int64_t, std::pair<int64_t, std::string>>;  // by servers: beat and name

absl::StatusOr<Beats> ReadBeats(TableReader& reader) {
  Beats beats;
  RETURN_IF_ERROR(
      reader.Select("SELECT id, beat, name FROM kv_server", [&](const TableReader::Row& row) {
        beats[row.Int(0)] = {row.Int(1), std::string(row.Bytes(2))};
        return absl::OkStatus();
      }));
  return beats;
}

// A server that has the target open would have read it before the import, and not know it again.
absl::Status RefuseServedDatabase(const sql::Dsn& dsn, const sql::NetworkOptions& network) {
  if (dsn.scheme == sql::kSqliteScheme) return absl::OkStatus();  // its lock tells
  const auto reader = TableReader::Open(dsn, network);
  // It may not be there yet; what else is wrong with it, the importer says.
  if (!reader.ok()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool ours, (*reader)->HasTable("kv_server"));
  if (!ours) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Beats before, ReadBeats(**reader));
  if (before.empty()) return absl::OkStatus();
  std::this_thread::sleep_for(kSeveralBeats);
  ASSIGN_OR_RETURN(const Beats after, ReadBeats(**reader));
  for (const auto& [id, beat] : after) {
    const auto seen = before.find(id);
    if (seen != before.end() && seen->second == beat) continue;
    return absl::FailedPreconditionError(base::Concat("database ", (*reader)->name(),
                                                      " is open in the server ", beat.second,
                                                      "; stop that one first"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> OpenLogTarget(const sql::Dsn& dsn,
                                                      const std::string& origin,
                                                      const sql::NetworkOptions& network) {
  RETURN_IF_ERROR(RefuseForeignFile(dsn, network));
  RETURN_IF_ERROR(RefuseServedDatabase(dsn, network));
  ASSIGN_OR_RETURN(auto importer, log::Importer::Open(dsn, {.network = network}, origin));
  return std::make_unique<LogTarget>(std::move(importer));
}

}  // namespace kvshim::transfer
