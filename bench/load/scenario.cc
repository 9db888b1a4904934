#include "scenario.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "keyspace.h"
#include "loop.h"
#include "numbers.h"
#include "read_calls.h"
#include "rpc.pb.h"
#include "write_calls.h"

namespace kvshim::bench {
namespace {

using std::chrono::steady_clock;

constexpr double kMiB = 1 << 20;
constexpr size_t kSmallValue = 512;
constexpr char kMain[] = "main";
// What is compared within a scenario is measured in so many turns, as a machine's pace changes from
// one second to the next.
constexpr int kTurns = 3;
// Of the scenario of memory and start.
constexpr int64_t kLivingKeys = 50'000;
constexpr int64_t kRevisions = 200'000;
// Of the scenario of compaction.
constexpr int64_t kCompactedKeys = 100'000;
constexpr int64_t kCompactedVersions = 1'000'000;
constexpr double kCompactedRate = 2000;
constexpr std::chrono::seconds kCompactionTurn{4};
constexpr std::chrono::seconds kSettlePatience{60};
// Of the scenario of sizes.
constexpr int64_t kFlatKeys[] = {1'000, 50'000, 1'000'000};
// Of the scenario of a store above its memory budget.
constexpr char kBudget[] = "32MiB";
constexpr int64_t kBulkKeys = 320'000;

double SecondsSince(steady_clock::time_point begin) {
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

// One contender in one scenario.
class Stage {
 public:
  static absl::StatusOr<Stage> Begin(const Contender& contender, const ComparisonOptions& options) {
    Stage stage(contender.name, options);
    ASSIGN_OR_RETURN(stage.site_, Site::Create(contender, options.data_folder, options.load, {}));
    RETURN_IF_ERROR(stage.site_->Begin());
    RETURN_IF_ERROR(stage.Connect());
    return stage;
  }

  const std::string& name() const { return name_; }
  Connections& connections() { return *connections_; }
  const Site& site() const { return *site_; }
  const LoadOptions& load() const { return options_->load; }

  absl::Status Fill(Calls& calls, int64_t requests) {
    Loop loop(*connections_, calls, {.clients = load().clients});
    return loop.RunCount(static_cast<uint64_t>(requests));
  }

  // Keys 0 to count - 1 below a prefix, many at a time.
  absl::Status FillKeys(const std::string& prefix, int64_t count, size_t size, int64_t times = 1) {
    FillCalls calls(prefix, count, size);
    return Fill(calls, count * times / FillCalls::kPerRequest);
  }

  absl::StatusOr<double> ResidentMiB() {
    // What the last request left behind has had its time to go.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    ASSIGN_OR_RETURN(const ProcessUsage usage,
                     ReadProcessUsage(site_->processes().servers.front()));
    return static_cast<double>(usage.resident_bytes) / kMiB;
  }

  // Seconds from the start of the process to its first answer, which counts the keys of `prefix`.
  absl::StatusOr<double> Restart(const std::string& prefix, int64_t count) {
    connections_.reset();
    site_->StopServers();
    const auto begin = steady_clock::now();
    RETURN_IF_ERROR(site_->StartServers());
    RETURN_IF_ERROR(Connect());
    CountCalls calls(prefix, count);
    RETURN_IF_ERROR(Fill(calls, 1));
    return SecondsSince(begin);
  }

  absl::StatusOr<Result> Measure(Calls& calls, std::chrono::milliseconds duration,
                                 double rate = 0) {
    Loop loop(*connections_, calls, {.clients = load().clients, .rate = rate});
    return loop.Run(std::min(duration, load().warmup), duration, site_->processes());
  }

  absl::StatusOr<int64_t> Revision() {
    etcdserverpb::RangeRequest any;
    etcdserverpb::RangeResponse now;
    any.set_key("/");
    RETURN_IF_ERROR(connections_->Call(kRange, any, &now));
    return now.header().revision();
  }

  absl::Status Compact() {
    etcdserverpb::CompactionRequest request;
    etcdserverpb::CompactionResponse response;
    ASSIGN_OR_RETURN(const int64_t revision, Revision());
    request.set_revision(revision);
    return connections_->Call(kCompact, request, &response);
  }

  // The size of the database once neither it nor what is in use has changed for three seconds.
  absl::StatusOr<double> SettledBytes() {
    const auto deadline = steady_clock::now() + kSettlePatience;
    int64_t last = -1;
    int64_t in_use = -1;
    for (int same = 0; same < 6 && steady_clock::now() < deadline;) {
      etcdserverpb::StatusRequest request;
      etcdserverpb::StatusResponse response;
      RETURN_IF_ERROR(connections_->Call(kStatus, request, &response));
      same = response.dbsize() == last && response.dbsizeinuse() == in_use ? same + 1 : 0;
      last = response.dbsize();
      in_use = response.dbsizeinuse();
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return static_cast<double>(last);
  }

 private:
  Stage(std::string name, const ComparisonOptions& options)
      : name_(std::move(name)), options_(&options) {}

  absl::Status Connect() {
    ASSIGN_OR_RETURN(connections_, Connections::Open(site_->targets(), load().connections));
    return absl::OkStatus();
  }

  std::string name_;
  const ComparisonOptions* options_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Connections> connections_;
};

class Scenarios {
 public:
  Scenarios(const ComparisonOptions& options, std::vector<Figure>& figures)
      : options_(options), figures_(figures) {}

  // What is kept in memory, and how long a start takes.
  absl::Status Life(const Contender& contender) {
    ASSIGN_OR_RETURN(Stage stage, Stage::Begin(contender, options_));
    ASSIGN_OR_RETURN(const double idle, stage.ResidentMiB());
    Note(kIdleMemory, "MiB", stage, idle);
    PutCalls puts(kMain, kSmallValue, kLivingKeys);
    RETURN_IF_ERROR(stage.Fill(puts, 2 * kLivingKeys));
    ASSIGN_OR_RETURN(const double used, stage.ResidentMiB());
    Note(kFullMemory, "MiB", stage, used);
    RETURN_IF_ERROR(stage.Fill(puts, kRevisions - 2 * kLivingKeys));
    ASSIGN_OR_RETURN(const double start, stage.Restart(kMain, kLivingKeys));
    Note(kColdStart, "s", stage, start);
    return absl::OkStatus();
  }

  // A long history compacted under a steady load.
  absl::Status Compaction(const Contender& contender) {
    ASSIGN_OR_RETURN(Stage stage, Stage::Begin(contender, options_));
    RETURN_IF_ERROR(
        stage.FillKeys(kMain, kCompactedKeys, kSmallValue, kCompactedVersions / kCompactedKeys));
    GuardedUpdateCalls updates(FreshPrefix("updated"), stage.load().clients,
                               stage.load().value_size);
    // A disk that stands still for a moment decides the p99 of the seconds around it.
    const auto p99_ms = [&]() -> absl::StatusOr<double> {
      std::vector<double> turns;
      for (int turn = 0; turn < kTurns; ++turn) {
        ASSIGN_OR_RETURN(const Result result,
                         stage.Measure(updates, kCompactionTurn, kCompactedRate));
        turns.push_back(result.p99_us / 1000);
      }
      return MedianOf(turns);
    };
    ASSIGN_OR_RETURN(const double before, p99_ms());
    RETURN_IF_ERROR(stage.Compact());
    ASSIGN_OR_RETURN(const double during, p99_ms());
    Note(kCompactionBefore, "ms", stage, before);
    Note(kCompactionDuring, "ms", stage, during);
    RETURN_IF_ERROR(stage.Compact());
    ASSIGN_OR_RETURN(const double bytes, stage.SettledBytes());
    const auto updated =
        static_cast<double>(stage.load().clients) * GuardedUpdateCalls::kKeysPerClient;
    const auto key = static_cast<double>(KeyOf(kMain, 0).size());
    const double live = static_cast<double>(kCompactedKeys) * (key + kSmallValue) +
                        updated * (key + static_cast<double>(stage.load().value_size));
    Note(kCompactedFile, "× live data", stage, bytes / live);
    return absl::OkStatus();
  }

  // Counts and pages of few and many keys, and the start with the latter.
  absl::Status Sizes(const Contender& contender) {
    ASSIGN_OR_RETURN(Stage stage, Stage::Begin(contender, options_));
    for (const int64_t keys : kFlatKeys) {
      RETURN_IF_ERROR(stage.FillKeys(Flat(keys), keys, kSmallValue));
    }
    ASSIGN_OR_RETURN(const double start, stage.Restart(Flat(kFlatKeys[2]), kFlatKeys[2]));
    Note(kMillionStart, "s", stage, start);
    const int64_t page = options_.load.page;
    std::vector<Measurement> measurements;
    for (const int64_t keys : kFlatKeys) {
      measurements.push_back({base::Concat("count of ", keys, " keys"), &stage,
                              std::make_unique<CountCalls>(Flat(keys), keys)});
    }
    for (const int64_t keys : kFlatKeys) {
      measurements.push_back(
          {base::Concat("first page of ", keys, " keys"), &stage,
           std::make_unique<ReadCalls>(std::vector{ListRequest(Flat(keys), page)},
                                       static_cast<size_t>(page) * kSmallValue)});
    }
    return MeasureInTurns(measurements);
  }

  // Gets of few hot keys in a store of ten times the memory budget, and where all fits.
  absl::Status Budget(const Contender& theirs) {
    if (theirs.settings.product != Product::kKvshim) return absl::OkStatus();
    const std::vector<std::pair<std::string, std::string>> budgets = {
        {"budget of a tenth", kBudget}, {"all in memory", "1GiB"}};
    std::vector<Stage> stages;
    for (const auto& [name, budget] : budgets) {
      Contender contender = theirs;
      contender.name = name;
      contender.settings.flags = {"--memory-budget", budget};
      ASSIGN_OR_RETURN(Stage stage, Stage::Begin(contender, options_));
      RETURN_IF_ERROR(stage.FillKeys(kMain, kBulkKeys, stage.load().value_size));
      RETURN_IF_ERROR(stage.Restart(kMain, kBulkKeys).status());
      stages.push_back(std::move(stage));
    }
    std::vector<Measurement> hot;
    std::vector<Measurement> all;
    for (Stage& stage : stages) {
      const LoadOptions& load = stage.load();
      const auto gets_of = [&](int64_t keys) {
        return std::make_unique<ReadCalls>(GetRequests(kMain, keys, false), load.value_size);
      };
      hot.push_back({kHotGets, &stage, gets_of(load.list_keys)});
      RETURN_IF_ERROR(stage.Measure(*hot.back().calls, load.duration).status());  // makes them hot
      all.push_back({"gets of all keys of that store", &stage, gets_of(kBulkKeys)});
    }
    RETURN_IF_ERROR(MeasureInTurns(hot));
    RETURN_IF_ERROR(MeasureInTurns(all));
    for (Stage& stage : stages) {
      ASSIGN_OR_RETURN(const double used, stage.ResidentMiB());
      Note("memory then", "MiB", stage, used);
    }
    return absl::OkStatus();
  }

 private:
  static std::string Flat(int64_t keys) { return base::Concat("flat", keys); }

  struct Measurement {
    std::string name;
    Stage* stage;
    std::unique_ptr<Calls> calls;
  };

  // Notes how many a second each of them does, the median of its turns.
  absl::Status MeasureInTurns(std::vector<Measurement>& measurements) {
    std::vector<std::vector<double>> rates(measurements.size());
    for (int turn = 0; turn < kTurns; ++turn) {
      for (size_t i = 0; i < measurements.size(); ++i) {
        Stage& stage = *measurements[i].stage;
        ASSIGN_OR_RETURN(const Result result,
                         stage.Measure(*measurements[i].calls, stage.load().duration));
        rates[i].push_back(result.per_second);
      }
    }
    for (size_t i = 0; i < measurements.size(); ++i) {
      Note(measurements[i].name, "/s", *measurements[i].stage, MedianOf(rates[i]));
    }
    return absl::OkStatus();
  }

  void Note(const std::string& name, const std::string& unit, const Stage& stage, double value) {
    std::fprintf(stderr, "  %-45s %-17s %10.2f %s\n", name.c_str(), stage.name().c_str(), value,
                 unit.c_str());
    for (Figure& figure : figures_) {
      if (figure.name != name) continue;
      figure.values.emplace_back(stage.name(), value);
      return;
    }
    figures_.push_back({name, unit, {{stage.name(), value}}});
  }

  const ComparisonOptions& options_;
  std::vector<Figure>& figures_;
};

}  // namespace

absl::Status RunScenarios(const std::vector<Contender>& contenders,
                          const ComparisonOptions& options, const std::atomic<bool>& stop,
                          std::vector<Figure>& figures) {
  Scenarios scenarios(options, figures);
  std::fprintf(stderr, "scenarios\n");
  using Scenario = absl::Status (Scenarios::*)(const Contender&);
  for (const Scenario scenario :
       {&Scenarios::Life, &Scenarios::Compaction, &Scenarios::Sizes, &Scenarios::Budget}) {
    for (const Contender& contender : contenders) {
      if (stop) return absl::CancelledError("stopped by a signal");
      // The sizes are about us alone: filling the others would take longer than all the rest.
      const bool ours = contender.settings.product == Product::kKvshim;
      if (scenario == &Scenarios::Sizes && !ours) continue;
      const absl::Status status = (scenarios.*scenario)(contender);
      if (!status.ok()) {
        std::fprintf(stderr, "  a scenario failed on %s: %s\n", contender.name.c_str(),
                     std::string(status.message()).c_str());
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace kvshim::bench
