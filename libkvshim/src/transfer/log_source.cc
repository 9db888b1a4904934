#include "transfer/log_source.h"

#include <optional>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "log/backend.h"
#include "log/contents.h"
#include "log/projection.h"

namespace kvshim::transfer {
namespace {

class LogSource final : public Source {
 public:
  LogSource(std::unique_ptr<sql::Database> database, uint64_t cluster_id, log::Contents::Rows rows)
      : database_(std::move(database)),
        rows_(rows),
        name_(base::Concat("the kvshim database ", database_->name())),
        origin_(base::Concat("kvshim ", cluster_id)) {}

  const std::string& name() const override { return name_; }
  const std::string& origin() const override { return origin_; }

  absl::StatusOr<Inventory> Look() override {
    ASSIGN_OR_RETURN(contents_, log::Contents::Read(*database_, log::Contents::Of::kStore, rows_));
    return Inventory{.revision = contents_->head().revision,
                     .compact_revision = contents_->head().compact_revision,
                     .leases = contents_->leases(),
                     .rows = contents_->rows(),
                     .keys = contents_->keys()};
  }

  absl::Status Visit(const std::function<absl::Status(const KeyValue&)>& visit) override {
    return contents_->Visit(*database_, visit);
  }

 private:
  const std::unique_ptr<sql::Database> database_;
  const log::Contents::Rows rows_;
  const std::string name_;
  const std::string origin_;
  std::optional<log::Contents> contents_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenLogSource(const sql::Dsn& dsn,
                                                      const SourceOptions& options) {
  ASSIGN_OR_RETURN(auto database, log::OpenBackend(dsn, {.network = options.network}));
  ASSIGN_OR_RETURN(const log::Identity identity, log::ReadIdentity(*database));
  return std::make_unique<LogSource>(
      std::move(database), identity.cluster_id,
      options.living_only ? log::Contents::Rows::kLiving : log::Contents::Rows::kReachable);
}

}  // namespace kvshim::transfer
