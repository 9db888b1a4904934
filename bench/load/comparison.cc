#include "comparison.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"
#include "limits.h"
#include "machine.h"
#include "plan.h"
#include "progress.h"
#include "scenario.h"

namespace kvshim::bench {
namespace {

absl::Status WithPlace(const absl::Status& status, const std::string& place) {
  return {status.code(), base::ToAbsl(base::Concat(place, ": ", base::FromAbsl(status.message())))};
}

// One contender of a group with the load's connections to it.
class Side {
 public:
  Side(std::unique_ptr<Site> site, const ComparisonOptions& options)
      : site_(std::move(site)), options_(options) {}

  const std::string& name() const { return site_->contender().name; }

  absl::Status Begin() {
    connections_.reset();
    site_->End();
    absl::Status status = site_->Begin();
    if (status.ok()) status = Connect();
    return status.ok() ? status : WithPlace(status, name());
  }

  void End() {
    connections_.reset();
    site_->End();
  }

  // The quietest of some attempts. What fails is told in the result, and the servers begin anew.
  absl::StatusOr<Result> Measure(const WorkloadResults& measured) {
    const std::string workload = measured.name();
    LoadOptions load = options_.load;
    load.rate = measured.rate;
    load.on_progress = ProgressLine(base::Concat(workload, ", ", name()));
    Result quietest;
    for (int attempt = 1; attempt <= options_.attempts; ++attempt) {
      auto result = RunWorkload(*measured.workload, *connections_, load, site_->processes());
      ClearProgress();
      if (!result.ok()) {
        quietest.failure = std::string(result.status().message());
        std::fprintf(stderr, "  %-21s %-13s failed: %s\n", workload.c_str(), name().c_str(),
                     quietest.failure.c_str());
        RETURN_IF_ERROR(Begin());
        return quietest;
      }
      Tell(workload, *result);
      if (attempt == 1 || result->foreign_load < quietest.foreign_load) quietest = *result;
      if (quietest.foreign_load <= options_.quiet) break;
    }
    return quietest;
  }

 private:
  absl::Status Connect() {
    ASSIGN_OR_RETURN(connections_, Connections::Open(site_->targets(), options_.load.connections));
    return absl::OkStatus();
  }

  void Tell(const std::string& workload, const Result& result) const {
    std::fprintf(stderr,
                 "  %-21s %-13s %10.0f /s   p50 %9.0f us   p99 %9.0f us   %8.1f us CPU each",
                 workload.c_str(), name().c_str(), result.per_second, result.p50_us, result.p99_us,
                 result.server_cpu_us);
    if (site_->processes().database != 0) {
      std::fprintf(stderr, " + %.1f us the database's", result.database_cpu_us);
    }
    std::fprintf(stderr, "%s\n", result.foreign_load > options_.quiet ? "   (disturbed)" : "");
  }

  std::unique_ptr<Site> site_;
  const ComparisonOptions& options_;
  std::unique_ptr<Connections> connections_;
};

bool Knows(const Contender& contender, const Workload& workload) {
  return contender.settings.product != Product::kKine || workload.on_kine;
}

// What the group's workloads find in the store.
std::vector<Keys> KeysOf(const Group& group) {
  std::vector<Keys> keys;
  for (const Keys some : {Keys::kListed, Keys::kCounted}) {
    const auto wants = [some](const WorkloadResults& one) { return one.workload->keys == some; };
    if (std::ranges::any_of(group.workloads, wants)) keys.push_back(some);
  }
  return keys;
}

// How far a comparison is: its measurements are counted, and their time is taken for that of those
// to come.
class Course {
 public:
  explicit Course(const Comparison& comparison) {
    for (const Group& group : comparison.groups) {
      total_ += comparison.options.rounds * CountOf(group);
    }
  }

  static int CountOf(const Group& group) {
    int count = 0;
    for (const WorkloadResults& workload : group.workloads) {
      for (const Contender& contender : group.contenders) {
        count += Knows(contender, *workload.workload) ? 1 : 0;
      }
    }
    return count;
  }

  void Step() { ++done_; }
  std::string Text() const {
    const auto spent = std::chrono::steady_clock::now() - begin_;
    std::string text = base::Concat(done_, " of ", total_, " measurements done");
    if (done_ == 0) return text;
    const auto left = spent / done_ * (total_ - done_);
    return text + base::Concat(", about ", std::chrono::ceil<std::chrono::minutes>(left).count(),
                               " min left for the others");
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  int total_ = 0;
  int done_ = 0;
};

absl::StatusOr<std::vector<Side>> SetUp(const Group& group, const ComparisonOptions& options,
                                        const std::atomic<bool>& stop) {
  std::vector<Side> sides;
  const std::vector<Keys> keys = KeysOf(group);
  for (const Contender& contender : group.contenders) {
    if (stop) return absl::CancelledError("stopped by a signal");
    std::fprintf(stderr, "%s: setting up %s%s\n", group.title.c_str(), contender.name.c_str(),
                 keys.empty() ? "" : ", filling it");
    auto site = Site::Create(contender, options.data_folder, options.load, keys);
    if (!site.ok()) return WithPlace(site.status(), contender.name);
    sides.emplace_back(*std::move(site), options);
  }
  return sides;
}

absl::Status RunGroup(Group& group, const ComparisonOptions& options, const std::atomic<bool>& stop,
                      Course& course) {
  ASSIGN_OR_RETURN(std::vector<Side> sides, SetUp(group, options, stop));
  for (WorkloadResults& workload : group.workloads) workload.results.resize(sides.size());
  for (int round = 0; round < options.rounds; ++round) {
    std::fprintf(stderr, "%s: round %d of %d (%s)\n", group.title.c_str(), round + 1,
                 options.rounds, course.Text().c_str());
    for (Side& side : sides) {
      if (stop) return absl::CancelledError("stopped by a signal");
      RETURN_IF_ERROR(side.Begin());
    }
    for (WorkloadResults& workload : group.workloads) {
      for (size_t turn = 0; turn < sides.size(); ++turn) {
        if (stop) return absl::CancelledError("stopped by a signal");
        const size_t i = (turn + static_cast<size_t>(round)) % sides.size();
        if (!Knows(group.contenders[i], *workload.workload)) continue;
        ASSIGN_OR_RETURN(Result result, sides[i].Measure(workload));
        workload.results[i].push_back(std::move(result));
        course.Step();
      }
    }
    for (Side& side : sides) side.End();
  }
  return absl::OkStatus();
}

}  // namespace

std::string WorkloadResults::name() const {
  return rate == 0 ? workload->name
                   : base::Concat(workload->name, " at ", static_cast<int64_t>(rate), "/s");
}

absl::StatusOr<Comparison> Compare(const ComparisonOptions& options,
                                   const std::atomic<bool>& stop) {
  RETURN_IF_ERROR(CheckDisk(options.data_folder));
  ASSIGN_OR_RETURN(Comparison comparison, PlanComparison(options));
  for (const std::string& line : comparison.absent) {
    std::fprintf(stderr, "left out: %s\n", line.c_str());
  }
  std::vector<Engine> unmeasured = comparison.engines;
  Course course(comparison);
  for (Group& group : comparison.groups) {
    if (absl::Status status = RunGroup(group, options, stop, course); !status.ok()) {
      return WithPlace(status, group.title);
    }
    // Right after what was reached on the database, as a machine's day goes up and down.
    if (group.title == NameOf(group.engine) && std::erase(unmeasured, group.engine) > 0) {
      MeasureDatabase(group.engine, options, comparison.limits);
    }
  }
  for (const Engine engine : unmeasured) {
    if (stop) return absl::CancelledError("stopped by a signal");
    MeasureDatabase(engine, options, comparison.limits);
  }
  if (!comparison.engines.empty()) MeasureNetwork(options, comparison.limits);
  if (!comparison.scenario_contenders.empty()) {
    RETURN_IF_ERROR(
        RunScenarios(comparison.scenario_contenders, options, stop, comparison.figures));
  }
  return comparison;
}

}  // namespace kvshim::bench
