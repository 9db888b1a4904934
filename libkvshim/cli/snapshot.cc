#include <boost/json.hpp>
#include <iostream>

#include "base/strings.h"
#include "command/quantity.h"
#include "moving.h"
#include "sql/error.h"
#include "subcommands.h"
#include "transfer/snapshot_file.h"

namespace kvshim::cli {
namespace {

int Fail(const char* what, const absl::Status& status) {
  std::cerr << "kvshim snapshot " << what << ": " << status.message() << std::endl;
  return 1;
}

void PrintInfo(const transfer::SnapshotInfo& info, bool as_json) {
  if (as_json) {
    std::cout << boost::json::serialize(
                     boost::json::object{{"hash", info.digest},
                                         {"revision", info.revision},
                                         {"compactRevision", info.compact_revision},
                                         {"totalKey", info.keys},
                                         {"versions", info.versions},
                                         {"leases", info.leases},
                                         {"totalSize", info.bytes}})
              << std::endl;
    return;
  }
  const auto line = [](std::string_view name, const std::string& value) {
    std::cout << name << std::string(10 - name.size(), ' ') << value << '\n';
  };
  line("hash", info.digest);
  line("revision", base::Concat(info.revision, ", compacted at ", info.compact_revision));
  line("keys", base::Concat(info.keys, ", in ", info.versions, " versions"));
  line("leases", base::Concat(info.leases));
  line("size", command::FormatSize(info.bytes));
  std::cout << std::flush;
}

}  // namespace

void DeclareSnapshotFlags(CLI::App& command, SnapshotSettings& settings) {
  command.require_subcommand(1);
  const auto file = [&](CLI::App& subcommand) {
    subcommand.add_option("FILE", settings.file, "The snapshot")->required();
  };
  settings.save = command.add_subcommand("save", "Write all of a store into a file");
  file(*settings.save);
  settings.save
      ->add_option("--endpoint", settings.endpoint,
                   "The store: a running server (http://HOST:PORT), or a database (sqlite://PATH "
                   "that no server has open, postgres://…, mysql://…)")
      ->type_name("DSN")
      ->capture_default_str()
      ->envname("KVSHIM_ENDPOINT");
  DeclareNetworkFlags(*settings.save, settings.network);
  settings.restore = command.add_subcommand("restore", "Fill a new database from a file");
  file(*settings.restore);
  settings.restore
      ->add_option("--to", settings.to,
                   "A new database (sqlite://PATH, postgres://…, mysql://…), or an empty live etcd "
                   "(http://HOST:PORT)")
      ->type_name("DSN")
      ->required();
  DeclareNetworkFlags(*settings.restore, settings.network);
  settings.status = command.add_subcommand("status", "Read a file through and say what it holds");
  file(*settings.status);
  settings.status->add_option("-w,--write-out", settings.format, "text or json")
      ->type_name("WORD")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}).description(""));
}

int Snapshot(const SnapshotSettings& settings) {
  if (*settings.status) {
    const auto info = transfer::InspectSnapshot(settings.file);
    if (!info.ok()) return Fail("status", info.status());
    PrintInfo(*info, settings.format == "json");
    return 0;
  }
  const transfer::MigrationOptions options = ShowingProgress(settings.network, false);
  if (*settings.save) {
    if (absl::Status status = transfer::SaveSnapshot(settings.endpoint, settings.file, options);
        !status.ok()) {
      Fail("save", status);
      if (sql::KindOf(status) == sql::ErrorKind::kHeld) {
        std::cerr << "Or let the server that has it open give it: --endpoint http://HOST:PORT\n";
      }
      return 1;
    }
    const auto info = transfer::InspectSnapshot(settings.file);
    if (!info.ok()) return Fail("save", info.status());
    std::cout << "saved " << settings.file << '\n';
    PrintInfo(*info, false);
    return 0;
  }
  const auto done = transfer::RestoreSnapshot(settings.file, settings.to, options);
  if (!done.ok()) return Fail("restore", done.status());
  Print(*done);
  return 0;
}

}  // namespace kvshim::cli
