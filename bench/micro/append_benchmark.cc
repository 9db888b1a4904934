// Appends to the log: 1, 16 or 64 rows of 1 KiB in one transaction. On SQLite with and without a
// flush; also on PostgreSQL and MariaDB where KVSHIM_DATABASES names a file that names them
// (tests/blackbox/database/shared.go). What is written there stays in a database of its own.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/temporary_directory.h"
#include "log/log.h"
#include "micro/must.h"
#include "micro/pods.h"

namespace kvshim::micro {
namespace {

// Ends with the benchmark, where it is a file.
std::string FileDsn(const base::TemporaryDirectory& directory, std::string_view synchronous) {
  return base::Concat("sqlite://", directory.path(), "/state.db?synchronous=", synchronous);
}

void Append(benchmark::State& state, const std::string& dsn) {
  const auto log = Must(log::Log::Open(Must(sql::Dsn::Parse(dsn)), {}));
  log::Head head = Must(log->ReadHead());
  const int64_t rows = state.range(0);
  const std::string value = PodValue();
  int64_t number = 0;
  for (auto _ : state) {
    log::Batch batch;
    for (int64_t i = 1; i <= rows; ++i) {
      batch.rows.push_back(KeyValue::Make({.key = PodKey(++number),
                                           .value = value,
                                           .create_revision = head.revision + i,
                                           .mod_revision = head.revision + i,
                                           .version = 1}));
    }
    const log::AppendResult result = log->Append(head, batch);
    Must(result.status);
    head = result.head;
  }
  state.SetItemsProcessed(state.iterations() * rows);
}

void OnFile(benchmark::State& state, std::string_view synchronous) {
  const auto directory = Must(base::TemporaryDirectory::Make(""));
  Append(state, FileDsn(*directory, synchronous));
}

// Wall time, as the thread waits for a device or a server.
void Rows(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("rows")->Arg(1)->Arg(16)->Arg(64)->UseRealTime();
  benchmark->Unit(benchmark::kMicrosecond);
}

void AppendSqlite(benchmark::State& state) { OnFile(state, "full"); }
BENCHMARK(AppendSqlite)->Apply(Rows);
void AppendSqliteUnflushed(benchmark::State& state) { OnFile(state, "off"); }
BENCHMARK(AppendSqliteUnflushed)->Apply(Rows);

// The servers that there are.
[[maybe_unused]] const bool kServersRegistered = [] {
  const char* path = std::getenv("KVSHIM_DATABASES");
  std::ifstream file(path != nullptr ? path : "");
  for (std::string line; std::getline(file, line);) {
    for (const std::string_view product : {"POSTGRES", "MARIADB"}) {
      const std::string name = base::Concat(product, "_DSN=");
      if (!line.starts_with(name)) continue;
      const std::string dsn =
          base::Concat(line.substr(name.size()), "kvshim_micro_", std::random_device{}());
      const char* title = product == "POSTGRES" ? "AppendPostgres" : "AppendMariaDB";
      benchmark::RegisterBenchmark(title, [dsn](benchmark::State& state) {
        Append(state, dsn);
      })->Apply(Rows);
    }
  }
  return true;
}();

}  // namespace
}  // namespace kvshim::micro
