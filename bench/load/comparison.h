// Servers under the same load in turns. What is compared stands in groups of contenders on one kind
// of database. Each round of a group starts all its contenders anew, and every workload runs on one
// after the other, so that what disturbs the machine meets all. Who comes first changes with each
// round.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "result.h"
#include "site.h"
#include "workload.h"

namespace kvshim::bench {

struct ComparisonOptions {
  LoadOptions load;
  int rounds = 3;
  std::vector<std::string> workloads;   // empty: all
  std::vector<std::string> databases;   // sqlite, postgres, mariadb; empty: all there are
  std::vector<std::string> contenders;  // kvshim, etcd, kine, kine-pooled; empty: the first three
  std::vector<std::string> parts;       // servers, together, rates, scenarios, limits; empty: all
  bool quick = false;                   // a first picture: one round, SQLite, fewer keys
  std::string kvshim;                   // programs
  std::string etcd = "etcd";
  std::string kine = "kine";
  std::string postgres_dsn;  // of servers that run already; empty: one is started
  std::string mysql_dsn;
  std::filesystem::path data_folder = ".";         // on a disk: memory cannot be synced
  std::filesystem::path output = "bench-results";  // folder of what is written
  std::filesystem::path readme;  // Markdown whose results are replaced; empty: none
  // A measurement during which other processes kept more than so many processors busy is repeated,
  // at most `attempts` times in all; the quietest one counts.
  double quiet = 0.3;
  int attempts = 2;
};

// Of one workload: a list for each contender, with one result a round. Empty where the contender
// does not know the workload.
struct WorkloadResults {
  const Workload* workload = nullptr;
  double rate = 0;  // of an open loop; 0: closed
  std::vector<std::vector<Result>> results;

  // "guarded-update", "guarded-update at 2000/s"
  std::string name() const;
};

struct Group {
  std::string title;
  Engine engine = Engine::kSqlite;
  std::vector<Contender> contenders;  // ours first
  std::vector<WorkloadResults> workloads;
  std::string about_database;  // its version and settings
  bool rates = false;          // one workload at several rates
};

// A number that a scenario came to on each contender that it ran on, ours first.
struct Figure {
  std::string name;
  std::string unit;
  std::vector<std::pair<std::string, double>> values;
};

// Names of figures that goals speak of.
inline constexpr char kIdleMemory[] = "memory without keys";
inline constexpr char kFullMemory[] = "memory with 50,000 keys of 512 B, each updated once";
inline constexpr char kColdStart[] = "start with 50,000 keys and 200,000 revisions";
inline constexpr char kMillionStart[] = "start with 1,000,000 keys";
inline constexpr char kCompactionBefore[] = "p99 of 2,000 writes/s before the compaction";
inline constexpr char kCompactionDuring[] = "p99 while 1,000,000 versions are compacted";
inline constexpr char kCompactedFile[] = "database size after that";
inline constexpr char kHotGets[] = "gets of hot keys, store of 320 MiB";

// What is physically possible here.
struct Limit {
  std::string name;
  Result result;
};

struct Comparison {
  std::vector<std::string> versions;  // of each program
  std::vector<std::string> absent;    // what was left out, and why
  std::string system;
  int processors = 0;
  ComparisonOptions options;
  std::vector<Group> groups;
  std::vector<Figure> figures;
  std::vector<Limit> limits;
  // What scenarios run on, and the databases whose limits are measured.
  std::vector<Contender> scenario_contenders;
  std::vector<Engine> engines;
};

// Tells its progress on the standard error output. Ends with an error, and with its servers and
// their folders cleared away, at most one measurement after `stop` became true. A measurement that
// fails is noted in its result and ends nothing.
absl::StatusOr<Comparison> Compare(const ComparisonOptions& options, const std::atomic<bool>& stop);

}  // namespace kvshim::bench
