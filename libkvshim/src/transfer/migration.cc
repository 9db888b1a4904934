#include "transfer/migration.h"

#include <memory>

#include "base/status.h"
#include "base/strings.h"
#include "sql/error.h"
#include "transfer/target.h"

namespace kvshim::transfer {
namespace {

using base::Concat;

// How often a source that was compacted while it was read is looked at anew.
constexpr int kAttempts = 5;

class Attempt {
 public:
  Attempt(Source& source, Target& target, const MigrationOptions& options, Digest::Of keeps)
      : source_(source),
        target_(target),
        options_(options),
        done_{.source = Digest(keeps), .target = Digest(keeps)} {}

  absl::StatusOr<Migration> Run() {
    ASSIGN_OR_RETURN(done_.inventory, source_.Look());
    const Inventory& inventory = done_.inventory;
    RETURN_IF_ERROR(target_.Begin(inventory));
    Tell(Progress::Phase::kCopying, 0);
    RETURN_IF_ERROR(source_.Visit([&](const KeyValue& row) {
      done_.source.Add(row);
      done_.bytes += static_cast<int64_t>(row.key().size() + row.value().size());
      RETURN_IF_ERROR(target_.Add(row));
      Tell(Progress::Phase::kCopying, done_.source.rows());
      return absl::OkStatus();
    }));
    done_.source.Add(inventory.leases);
    RETURN_IF_ERROR(target_.Complete(inventory.revision));
    done_.bytes = 0;
    int64_t rows = 0;
    ASSIGN_OR_RETURN(done_.target, target_.ReadBack([&](const KeyValue& row) {
      done_.bytes += static_cast<int64_t>(row.key().size() + row.value().size());
      Tell(Progress::Phase::kReadingBack, ++rows);
    }));
    if (done_.target != done_.source) {
      return absl::DataLossError(
          Concat("the copy differs from its source: ", source_.name(), " has ", done_.source.rows(),
                 " rows, sha256 ", done_.source.Text(), "; ", target_.name(), " has ",
                 done_.target.rows(), " rows, sha256 ", done_.target.Text()));
    }
    RETURN_IF_ERROR(target_.Publish());
    return done_;
  }

 private:
  void Tell(Progress::Phase phase, int64_t rows) {
    if (!options_.on_progress) return;
    options_.on_progress({phase, rows, done_.inventory.rows, done_.bytes});
  }

  Source& source_;
  Target& target_;
  const MigrationOptions& options_;
  Migration done_;
};

}  // namespace

absl::StatusOr<Migration> Migrate(Source& source, const std::string& to,
                                  const MigrationOptions& options) {
  absl::Status changed;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // What the attempt before has written is found, as after an interruption.
    ASSIGN_OR_RETURN(const auto target, OpenTarget(to, source.origin(), options.network));
    if (attempt == 0 && options.on_begin) {
      options.on_begin(source.name(), target->name(), target->resumed());
    }
    auto done = Attempt(source, *target, options, Keeps(to)).Run();
    if (done.ok() || sql::KindOf(done.status()) != sql::ErrorKind::kConflict) return done;
    changed = done.status();
  }
  return changed;
}

absl::StatusOr<Migration> Migrate(const std::string& from, const std::string& to,
                                  const MigrationOptions& options) {
  ASSIGN_OR_RETURN(const auto source,
                   OpenSource(from, {.network = options.network,
                                     .living_only = Keeps(to) == Digest::Of::kValues,
                                     .full_ttl = options.full_ttl,
                                     .prefer_kine = from == to}));
  return Migrate(*source, to, options);
}

}  // namespace kvshim::transfer
