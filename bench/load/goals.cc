#include "goals.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/strings.h"
#include "fields.h"
#include "numbers.h"

namespace kvshim::bench {
namespace {

using base::Concat;
using Found = std::optional<double>;
// Numbers of a comparison by the names of things.
class Numbers {
 public:
  explicit Numbers(const Comparison& comparison) : comparison_(comparison) {}

  // The median of our results over those of a contender in the same rounds.
  Found Ratio(const std::string& group, const std::string& workload, const std::string& contender,
              Field field) const {
    const Group* found = Find(group);
    const WorkloadResults* results = found == nullptr ? nullptr : Find(*found, workload);
    if (results == nullptr || results->results.empty()) return std::nullopt;
    for (size_t i = 1; i < results->results.size(); ++i) {
      if (found->contenders[i].name != contender) continue;
      std::vector<double> ratios = Ratios(results->results[0], results->results[i], field);
      if (!ratios.empty()) return MedianOf(std::move(ratios));
    }
    return std::nullopt;
  }

  // The median of our own results.
  Found Ours(const std::string& group, const std::string& workload, Field field) const {
    const Group* found = Find(group);
    const WorkloadResults* results = found == nullptr ? nullptr : Find(*found, workload);
    if (results == nullptr || results->results.empty()) return std::nullopt;
    if (!HasNumbers(results->results[0])) return std::nullopt;
    return Median(results->results[0], field);
  }

  Found Figure(const std::string& name, const std::string& contender) const {
    for (const auto& figure : comparison_.figures) {
      if (figure.name != name) continue;
      for (const auto& [of, value] : figure.values) {
        if (of == contender) return value;
      }
    }
    return std::nullopt;
  }

  Found FigureRatio(const std::string& name, const std::string& ours,
                    const std::string& theirs) const {
    const Found one = Figure(name, ours);
    const Found other = Figure(name, theirs);
    if (!one || !other || *other == 0) return std::nullopt;
    return *one / *other;
  }

  // The slowest of these over the fastest: 1 is flat.
  Found Flatness(const std::vector<std::string>& names) const {
    std::vector<double> values;
    for (const std::string& name : names) {
      const Found value = Figure(name, "kvshim");
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    return *std::ranges::min_element(values) / *std::ranges::max_element(values);
  }

 private:
  const Group* Find(const std::string& title) const {
    const auto found = std::ranges::find(comparison_.groups, title, &Group::title);
    return found == comparison_.groups.end() ? nullptr : &*found;
  }
  static const WorkloadResults* Find(const Group& group, const std::string& name) {
    const auto found = std::ranges::find_if(
        group.workloads, [&](const WorkloadResults& one) { return one.name() == name; });
    return found == group.workloads.end() ? nullptr : &*found;
  }

  const Comparison& comparison_;
};

class Goals {
 public:
  explicit Goals(const Comparison& comparison)
      : numbers_(comparison), load_(comparison.options.load) {}

  std::vector<GoalResult> All() {
    const std::string sqlite = "SQLite";
    Writes(sqlite, 1.5, 4);
    const std::string pg = "PostgreSQL";
    const std::string maria = "MariaDB";
    AtLeast("the same on PostgreSQL, over kine's", 12,
            numbers_.Ratio(pg, "guarded-update", "kine", fields::Rate));
    AtLeast("the same on MariaDB, over kine's", 8,
            numbers_.Ratio(maria, "guarded-update", "kine", fields::Rate));
    AtLeast("guarded creates on PostgreSQL, over kine's", 10,
            numbers_.Ratio(pg, "guarded-create", "kine", fields::Rate));
    AtLeast("guarded creates on MariaDB, over kine's", 7,
            numbers_.Ratio(maria, "guarded-create", "kine", fields::Rate));
    AtMost("one client, one write at a time: p50 over etcd's", 1,
           numbers_.Ratio(sqlite, "guarded-update-alone", "etcd", fields::P50));
    AtMost("server CPU for a guarded write, over etcd's", 0.35,
           numbers_.Ratio(sqlite, "guarded-update", "etcd", fields::ServerCpu));
    AtMost("server CPU for a get, over etcd's", 0.5,
           numbers_.Ratio(sqlite, "get", "etcd", fields::ServerCpu));
    const Found load = numbers_.Ours(sqlite, "get", fields::OwnLoad);
    AtLeast(Concat("gets, 64 clients, over etcd's (the load generator kept ",
                   load ? Number(*load) : "–", " processors busy)"),
            1.3, numbers_.Ratio(sqlite, "get", "etcd", fields::Rate));
    AtMost("list of 5,000 × 1 KiB: CPU over etcd's", 0.15,
           numbers_.Ratio(sqlite, "list", "etcd", fields::ServerCpu));
    AtLeast("its rate", 2, numbers_.Ratio(sqlite, "list", "etcd", fields::Rate));
    AtMost("its memory at the most, 64 under way", 0.2,
           numbers_.Ratio(sqlite, "list", "etcd", fields::ServerPeak));
    Sizes(sqlite);
    Watches(sqlite);
    Memory();
    AtMost("bytes written for a 1 KiB update, 16 clients, over etcd's", 1.2,
           numbers_.Ratio(sqlite, "guarded-update-16", "etcd", fields::ServerWritten));
    AtMost("over kine's", 0.1,
           numbers_.Ratio(sqlite, "guarded-update-16", "kine", fields::ServerWritten));
    Histories();
    Together(pg);
    Together(maria);
    return std::move(results_);
  }

 private:
  void Writes(const std::string& sqlite, double etcd, double kine) {
    AtLeast("guarded 1 KiB writes, 64 clients, SQLite, over etcd's", etcd,
            numbers_.Ratio(sqlite, "guarded-update", "etcd", fields::Rate));
    AtLeast("over kine's, which does not sync each commit", kine,
            numbers_.Ratio(sqlite, "guarded-update", "kine", fields::Rate));
  }

  void Sizes(const std::string& sqlite) {
    // With --quick there are fewer keys.
    const bool many = load_.count_keys == 50'000;
    AtLeast("count of 50,000 keys, over etcd's", 50,
            many ? numbers_.Ratio(sqlite, "count", "etcd", fields::Rate) : std::nullopt);
    AtLeast("first page of 50,000 keys, over etcd's", 50,
            many ? numbers_.Ratio(sqlite, "first-page", "etcd", fields::Rate) : std::nullopt);
    // "Flat" with what measuring on a shared machine needs.
    constexpr double kFlat = 0.7;
    AtLeast(
        "count: slowest over fastest of 1,000, 50,000 and 1,000,000 keys", kFlat,
        numbers_.Flatness({"count of 1000 keys", "count of 50000 keys", "count of 1000000 keys"}));
    AtLeast("first page: the same", kFlat,
            numbers_.Flatness({"first page of 1000 keys", "first page of 50000 keys",
                               "first page of 1000000 keys"}));
  }

  void Watches(const std::string& sqlite) {
    AtLeast("50 watchers on a burst: delivery rate over etcd's", 3,
            numbers_.Ratio(sqlite, "watch-burst-50", "etcd", fields::Rate));
    AtMost("its p99", 0.3, numbers_.Ratio(sqlite, "watch-burst-50", "etcd", fields::P99));
    for (const char* count : {"500", "10000"}) {
      const std::string workload = Concat("watch-steady-", count);
      AtMost(Concat(count, " watchers, steady: CPU for an event over etcd's"), 0.25,
             numbers_.Ratio(sqlite, workload, "etcd", fields::ServerCpu));
      AtMost("its p99", 1, numbers_.Ratio(sqlite, workload, "etcd", fields::P99));
    }
  }

  void Memory() {
    AtMost("memory with 50,000 × 512 B keys after as many updates, over etcd's", 0.5,
           numbers_.FigureRatio(kFullMemory, "kvshim", "etcd"));
    AtMost("memory without keys", 15, numbers_.Figure(kIdleMemory, "kvshim"), " MiB");
  }

  void Histories() {
    const Found before = numbers_.Figure(kCompactionBefore, "kvshim");
    const Found during = numbers_.Figure(kCompactionDuring, "kvshim");
    AtMost("compaction of 1,000,000 versions: write p99 over that without", 2,
           before && during ? Found(*during / *before) : std::nullopt);
    AtMost("file over live data afterwards", 1.3, numbers_.Figure(kCompactedFile, "kvshim"));
    AtMost("start with 50,000 keys and 200,000 revisions, over etcd's", 0.5,
           numbers_.FigureRatio(kColdStart, "kvshim", "etcd"));
    AtMost("start with 1,000,000 keys", 5, numbers_.Figure(kMillionStart, "kvshim"), " s");
    AtLeast("hot gets in a store of 10 × the memory budget, over those where all fits", 0.9,
            numbers_.FigureRatio(kHotGets, "budget of a tenth", "all in memory"));
  }

  void Together(const std::string& database) {
    AtLeast(Concat(database, ": three servers together over one, guarded updates"), 1,
            numbers_.Ratio(Concat(database, ": three servers together, and one"), "guarded-update",
                           "one server", fields::Rate));
    const Found across =
        numbers_.Ours(Concat(database, ": written at one server, watched at another"),
                      "watch-across", fields::P50);
    AtMost(Concat(database, ": write at one server to watcher at another, p50"), 3,
           across ? Found(*across / 1000) : std::nullopt, " ms");
  }

  void AtLeast(std::string what, double wanted, Found found, const std::string& unit = " ×") {
    Add(std::move(what), Concat("≥ ", Number(wanted), unit), found, unit,
        found && *found >= wanted);
  }
  void AtMost(std::string what, double wanted, Found found, const std::string& unit = " ×") {
    Add(std::move(what), Concat("≤ ", Number(wanted), unit), found, unit,
        found && *found <= wanted);
  }
  void Add(std::string what, std::string wanted, Found found, const std::string& unit, bool met) {
    GoalResult result{std::move(what), std::move(wanted), "", GoalResult::State::kUnknown};
    if (found) {
      result.found = Concat(Number(*found), unit);
      result.state = met ? GoalResult::State::kMet : GoalResult::State::kMissed;
    }
    results_.push_back(std::move(result));
  }

  const Numbers numbers_;
  const LoadOptions& load_;
  std::vector<GoalResult> results_;
};

}  // namespace

std::vector<GoalResult> CheckGoals(const Comparison& comparison) { return Goals(comparison).All(); }

}  // namespace kvshim::bench
