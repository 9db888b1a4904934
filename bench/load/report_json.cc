#include <boost/json.hpp>

#include "base/strings.h"
#include "goals.h"
#include "report.h"

namespace kvshim::bench {
namespace {

using Results = std::vector<Result>;

boost::json::object ToJson(const Result& result) {
  if (!result.failure.empty()) return {{"failure", result.failure}};
  boost::json::object object{{"per_second", result.per_second},
                             {"p50_us", result.p50_us},
                             {"p99_us", result.p99_us},
                             {"p999_us", result.p999_us},
                             {"server_cpu_us", result.server_cpu_us},
                             {"server_written_bytes", result.server_written_bytes},
                             {"server_resident_bytes", result.server_resident_bytes},
                             {"server_peak_bytes", result.server_peak_bytes},
                             {"database_cpu_us", result.database_cpu_us},
                             {"database_written_bytes", result.database_written_bytes},
                             {"database_resident_bytes", result.database_resident_bytes},
                             {"own_load", result.own_load},
                             {"foreign_load", result.foreign_load}};
  if (result.syncs >= 0) object["syncs"] = result.syncs;
  boost::json::array distribution;
  for (size_t i = 0; i < result.distribution.size(); ++i) {
    distribution.push_back({{"percent", kPercentiles[i]}, {"us", result.distribution[i]}});
  }
  object["latencies"] = std::move(distribution);
  boost::json::array moments;
  for (const Moment& moment : result.moments) {
    moments.push_back({{"per_second", moment.per_second}, {"worst_us", moment.worst_us}});
  }
  object["each_100_ms"] = std::move(moments);
  for (const auto& [name, number] : result.further) object[name] = number;
  return object;
}

boost::json::array ToJson(const Results& results) {
  boost::json::array array;
  for (const Result& result : results) array.push_back(ToJson(result));
  return array;
}

boost::json::object ToJson(const Group& group) {
  boost::json::array contenders;
  for (const Contender& contender : group.contenders) {
    contenders.push_back(
        boost::json::object{{"name", contender.name}, {"servers", contender.servers}});
  }
  boost::json::array workloads;
  for (const WorkloadResults& workload : group.workloads) {
    boost::json::array results;
    for (const Results& of_one : workload.results) results.push_back(ToJson(of_one));
    workloads.push_back(
        boost::json::object{{"name", workload.name()}, {"results", std::move(results)}});
  }
  return {{"title", group.title},
          {"database", group.about_database},
          {"contenders", std::move(contenders)},
          {"workloads", std::move(workloads)}};
}

boost::json::array ToJson(const std::vector<std::string>& texts) {
  boost::json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace

std::string ToJson(const std::vector<NamedResult>& results) {
  boost::json::array array;
  for (const NamedResult& one : results) {
    boost::json::object object = ToJson(one.result);
    object["workload"] = one.name;
    array.push_back(std::move(object));
  }
  return boost::json::serialize(array) + "\n";
}

std::string ToJson(const Comparison& comparison) {
  const LoadOptions& load = comparison.options.load;
  boost::json::array groups;
  for (const Group& group : comparison.groups) groups.push_back(ToJson(group));
  boost::json::array goals;
  for (const GoalResult& goal : CheckGoals(comparison)) {
    goals.push_back(boost::json::object{{"goal", goal.what},
                                        {"wanted", goal.wanted},
                                        {"found", goal.found},
                                        {"measured", goal.state != GoalResult::State::kUnknown},
                                        {"met", goal.state == GoalResult::State::kMet}});
  }
  boost::json::array scenarios;
  for (const Figure& figure : comparison.figures) {
    for (const auto& [name, value] : figure.values) {
      scenarios.push_back(boost::json::object{
          {"name", figure.name}, {"unit", figure.unit}, {"contender", name}, {"value", value}});
    }
  }
  boost::json::array limits;
  for (const auto& [name, result] : comparison.limits) {
    boost::json::object limit = ToJson(result);
    limit["name"] = name;
    limits.push_back(std::move(limit));
  }
  const boost::json::object object{{"versions", ToJson(comparison.versions)},
                                   {"absent", ToJson(comparison.absent)},
                                   {"system", comparison.system},
                                   {"processors", comparison.processors},
                                   {"clients", load.clients},
                                   {"connections", load.connections},
                                   {"value_size", load.value_size},
                                   {"duration_ms", load.duration.count()},
                                   {"rounds", comparison.options.rounds},
                                   {"groups", std::move(groups)},
                                   {"goals", std::move(goals)},
                                   {"scenarios", std::move(scenarios)},
                                   {"limits", std::move(limits)}};
  return boost::json::serialize(object) + "\n";
}

}  // namespace kvshim::bench
