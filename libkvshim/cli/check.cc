#include <filesystem>
#include <iostream>

#include "log/log.h"
#include "store/index_check.h"
#include "subcommands.h"

namespace kvshim::cli {

void DeclareCheckFlags(CLI::App& command, CheckSettings& settings) {
  command.add_option("--endpoint", settings.endpoint, "The database: sqlite://PATH")
      ->capture_default_str()
      ->envname("KVSHIM_ENDPOINT");
  command.footer(
      "Exit status: 0 where everything agrees, 1 where something does not or the check could not\n"
      "be carried out.");
}

int Check(const CheckSettings& settings) {
  const auto fail = [](const absl::Status& status) {
    std::cerr << "kvshim check: " << status.message() << '\n';
    return 1;
  };
  const auto dsn = sql::Dsn::Parse(settings.endpoint);
  if (!dsn.ok()) return fail(dsn.status());
  if (dsn->scheme == sql::kSqliteScheme && !std::filesystem::exists(dsn->address)) {
    return fail(absl::NotFoundError("--endpoint: there is no file " + dsn->address));
  }
  const auto log = log::Log::Open(*dsn, {});
  if (!log.ok()) return fail(log.status());
  const auto head = (*log)->ReadHead();
  if (!head.ok()) return fail(head.status());
  std::cout << (*log)->name() << ": revision " << head->revision << ", compacted at "
            << head->compact_revision << ", " << head->seq << " batches" << std::endl;
  size_t findings = 0;
  const auto tell = [&](const log::Finding& finding) {
    ++findings;
    std::cout << finding.where << ": " << finding.what << '\n';
  };
  if (absl::Status status = (*log)->Check(tell); !status.ok()) return fail(status);
  if (absl::Status status = store::CheckIndex(**log, tell); !status.ok()) return fail(status);
  if (findings == 0) {
    std::cout << "sound: revisions are dense, hashes chain, versions follow each other, the index "
                 "gives back the log\n";
    return 0;
  }
  std::cout << findings << (findings == 1 ? " finding\n" : " findings\n");
  return 1;
}

}  // namespace kvshim::cli
