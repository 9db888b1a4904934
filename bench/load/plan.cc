#include "plan.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "machine.h"

namespace kvshim::bench {
namespace {

constexpr int kPooledConnections = 64;
constexpr double kRates[] = {1000, 2000, 4000, 6000, 8000, 12000, 16000, 24000};
// What is run on a database server: the other workloads would tell the same as on SQLite.
constexpr const char* kOnDatabaseServers[] = {
    "get", "list", "watch-steady", "guarded-create", "guarded-update", "guarded-update-alone"};
// What is run with --quick.
constexpr const char* kQuick[] = {"get",
                                  "list",
                                  "count",
                                  "first-page",
                                  "watch-steady-500",
                                  "guarded-update",
                                  "guarded-update-16",
                                  "guarded-update-alone",
                                  "watch-burst-50"};

bool IsAmong(const auto& names, const std::string& name) {
  return std::ranges::find(names, name) != std::end(names);
}

bool Wanted(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

class Planner {
 public:
  explicit Planner(const ComparisonOptions& options) : options_(options) {
    comparison_.options = options;
    comparison_.system = SystemName();
    comparison_.processors = static_cast<int>(std::thread::hardware_concurrency());
  }

  absl::StatusOr<Comparison> Plan() {
    RETURN_IF_ERROR(FindPrograms());
    for (const Engine engine : {Engine::kSqlite, Engine::kPostgres, Engine::kMariaDb}) {
      if (Wanted(options_.databases, FlagOf(engine))) RETURN_IF_ERROR(AddDatabase(engine));
    }
    std::erase_if(comparison_.groups, [](const Group& group) { return group.workloads.empty(); });
    if (comparison_.groups.empty() && comparison_.engines.empty() &&
        comparison_.scenario_contenders.empty())
      return absl::NotFoundError("there is nothing to compare");
    return std::move(comparison_);
  }

 private:
  absl::Status FindPrograms() {
    RETURN_IF_ERROR(Find(kvshim_, "kvshim", options_.kvshim, "version"));
    if (kvshim_.empty()) {
      return absl::NotFoundError(
          base::Concat("cannot run ", options_.kvshim, "; name it with --kvshim"));
    }
    RETURN_IF_ERROR(Find(etcd_, "etcd", options_.etcd, "--version"));
    RETURN_IF_ERROR(Find(kine_, "kine", options_.kine, "--version"));
    return absl::OkStatus();
  }

  // Leaves `program` empty where it is not wanted or not there.
  absl::Status Find(std::string& program, const std::string& name, const std::string& given,
                    const std::string& version_flag) {
    const auto& wanted = options_.contenders;
    const bool pooled = name == "kine" && !wanted.empty() && Wanted(wanted, "kine-pooled");
    if (name != "kvshim" && !Wanted(wanted, name) && !pooled) return absl::OkStatus();
    program = FindProgram(given);
    const std::string version = program.empty() ? "" : FirstLineOf({program, version_flag});
    if (!version.empty()) {
      comparison_.versions.push_back(version);
      return absl::OkStatus();
    }
    program.clear();
    const std::string why =
        base::Concat(name, " is not there: ", given, " cannot be run (name it with --", name, ")");
    if (!wanted.empty()) return absl::NotFoundError(why);
    comparison_.absent.push_back(why);
    return absl::OkStatus();
  }

  absl::Status AddDatabase(Engine engine) {
    const std::string given = engine == Engine::kPostgres  ? options_.postgres_dsn
                              : engine == Engine::kMariaDb ? options_.mysql_dsn
                                                           : "";
    std::string about = "a server that runs already";
    if (given.empty()) {
      const auto version = VersionOf(engine);
      if (!version.ok()) {
        if (!options_.databases.empty()) return version.status();
        comparison_.absent.push_back(std::string(version.status().message()));
        return absl::OkStatus();
      }
      about = base::Concat(*version, SettingsOf(engine).empty() ? "" : ": ", SettingsOf(engine));
    } else {
      RETURN_IF_ERROR(WithDatabase(given, "name").status());
    }
    // Without a choice of workloads: what is more than workloads comes too.
    const bool all = options_.workloads.empty() && !options_.quick;
    if (all && engine == Engine::kSqlite && Wanted(options_.parts, "rates")) AddRates();
    if (all && engine == Engine::kSqlite && Wanted(options_.parts, "scenarios")) {
      comparison_.scenario_contenders = AlikeEtcd();
    }
    if (options_.workloads.empty() && given.empty() && Wanted(options_.parts, "limits")) {
      comparison_.engines.push_back(engine);
    }
    if (Wanted(options_.parts, "servers")) AddOneServer(engine, given, about);
    if (Wanted(options_.parts, "together") && engine != Engine::kSqlite) {
      AddSeveralServers(engine, given, about);
    }
    return absl::OkStatus();
  }

  Contender Make(std::string name, Product product, Engine engine, const std::string& given,
                 int servers) const {
    const std::string& program = product == Product::kKvshim ? kvshim_
                                 : product == Product::kEtcd ? etcd_
                                                             : kine_;
    return {std::move(name), engine, servers, {product, program, "", 0}, given};
  }

  // kvshim on SQLite and etcd: what knows all of etcd's API.
  std::vector<Contender> AlikeEtcd() const {
    std::vector<Contender> contenders = {Make("kvshim", Product::kKvshim, Engine::kSqlite, "", 1)};
    if (!etcd_.empty()) {
      contenders.push_back(Make("etcd", Product::kEtcd, Engine::kSqlite, "", 1));
    }
    return contenders;
  }

  void AddRates() {
    Group group{"Rate against latency: guarded updates that are due at a fixed rate",
                Engine::kSqlite, AlikeEtcd()};
    group.rates = true;
    for (const double rate : kRates) {
      group.workloads.push_back({FindWorkload("guarded-update"), rate});
    }
    comparison_.groups.push_back(std::move(group));
  }

  void AddOneServer(Engine engine, const std::string& given, const std::string& about) {
    Group group{NameOf(engine), engine};
    group.about_database = about;
    group.contenders.push_back(Make("kvshim", Product::kKvshim, engine, given, 1));
    if (!etcd_.empty() && engine == Engine::kSqlite) {
      group.contenders.push_back(Make("etcd", Product::kEtcd, engine, "", 1));
    }
    if (!kine_.empty() && Wanted(options_.contenders, "kine")) {
      group.contenders.push_back(Make("kine", Product::kKine, engine, given, 1));
    }
    if (!kine_.empty() && !options_.contenders.empty() &&
        Wanted(options_.contenders, "kine-pooled")) {
      group.contenders.push_back(Make("kine-pooled", Product::kKine, engine, given, 1));
      group.contenders.back().settings.kine_connections = kPooledConnections;
    }
    for (const Workload& workload : Workloads()) {
      if (options_.workloads.empty() && engine != Engine::kSqlite &&
          !IsAmong(kOnDatabaseServers, workload.name)) {
        continue;
      }
      if (options_.workloads.empty() && options_.quick && !IsAmong(kQuick, workload.name)) continue;
      if (workload.servers == 1 && Wanted(options_.workloads, workload.name)) {
        group.workloads.push_back({&workload});
      }
    }
    comparison_.groups.push_back(std::move(group));
  }

  void AddSeveralServers(Engine engine, const std::string& given, const std::string& about) {
    Group together{base::Concat(NameOf(engine), ": three servers together, and one"), engine};
    together.about_database = about;
    together.contenders.push_back(Make("three servers", Product::kKvshim, engine, given, 3));
    together.contenders.push_back(Make("one server", Product::kKvshim, engine, given, 1));
    for (const char* name : {"guarded-create", "guarded-update"}) {
      if (Wanted(options_.workloads, name)) together.workloads.push_back({FindWorkload(name)});
    }
    comparison_.groups.push_back(std::move(together));

    Group across{base::Concat(NameOf(engine), ": written at one server, watched at another"),
                 engine};
    across.about_database = about;
    across.contenders.push_back(Make("kvshim", Product::kKvshim, engine, given, 2));
    if (!kine_.empty()) {
      across.contenders.push_back(Make("kine", Product::kKine, engine, given, 2));
    }
    if (Wanted(options_.workloads, "watch-across"))
      across.workloads.push_back({FindWorkload("watch-across")});
    comparison_.groups.push_back(std::move(across));
  }

  const ComparisonOptions& options_;
  Comparison comparison_;
  std::string kvshim_, etcd_, kine_;
};

}  // namespace

absl::StatusOr<Comparison> PlanComparison(const ComparisonOptions& options) {
  return Planner(options).Plan();
}

}  // namespace kvshim::bench
