#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::base {
namespace {

using testing::HasSubstr;

TEST(Metrics, RendersEachKindWithHelpAndLabels) {
  MetricsRegistry registry;
  registry.AddCounter("b_total", "Bees.", {{"kind", "honey"}}).Increment(3);
  registry.AddGauge("a_now", "As.").Set(1.5);
  registry.AddHistogram("c_seconds", "Cs.").Observe(0.003);
  const std::string text = registry.Render();
  EXPECT_THAT(text, HasSubstr("# HELP b_total Bees.\n# TYPE b_total counter\n"
                              "b_total{kind=\"honey\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("a_now 1.5\n"));
  EXPECT_THAT(text, HasSubstr("c_seconds_bucket{le=\"0.002\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("c_seconds_bucket{le=\"0.004\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("c_seconds_bucket{le=\"8.192\"} 1\n"));
  EXPECT_LT(text.find("a_now"), text.find("b_total"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  MetricsRegistry registry;
  registry.AddCounter("x_total", "X.", {{"a", "1"}}).Increment();
  registry.AddCounter("x_total", "X.", {{"a", "1"}}).Increment();
  EXPECT_THAT(registry.Render(), HasSubstr("x_total{a=\"1\"} 2\n"));
}

TEST(Metrics, CallbacksAreReadAtEachRender) {
  MetricsRegistry registry;
  double value = 1;
  registry.AddGauge("live", "Live.", {{"w", "1"}}, [&] { return value; });
  registry.AddGauge("live", "Live.", {{"w", "2"}}, [&] { return -value; });
  EXPECT_THAT(registry.Render(), HasSubstr("live{w=\"1\"} 1\n"));
  value = 7;
  const std::string text = registry.Render();
  EXPECT_THAT(text, HasSubstr("live{w=\"1\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("live{w=\"2\"} -7\n"));
  EXPECT_EQ(text.find("# TYPE live"), text.rfind("# TYPE live"));
}

TEST(Metrics, ProcessFiguresArePlausible) {
  MetricsRegistry registry;
  AddProcessMetrics(registry);
  const std::string text = registry.Render();
  const auto value = [&](const std::string& name) {
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1.0 : std::stod(text.substr(at + name.size() + 2));
  };
  EXPECT_GT(value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value("process_virtual_memory_bytes"), value("process_resident_memory_bytes"));
  EXPECT_GE(value("process_open_fds"), 3);
  EXPECT_GT(value("process_max_fds"), value("process_open_fds"));
  EXPECT_GE(value("process_cpu_seconds_total"), 0);
  EXPECT_NEAR(value("process_start_time_seconds"), static_cast<double>(time(nullptr)), 600);
}

}  // namespace
}  // namespace kvshim::base
