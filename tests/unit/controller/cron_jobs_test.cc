#include "controller/cron_jobs.h"

#include "unit/controller/workload_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kCrons[] = "/apis/batch/v1/namespaces/default/cronjobs";
constexpr char kTick[] = "/apis/batch/v1/namespaces/default/cronjobs/tick";
constexpr char kJobs[] = "/apis/batch/v1/namespaces/default/jobs";

// Times after `after`, as UTC.
std::string Times(std::string_view text, std::string_view zone, std::string_view after,
                  int count = 1) {
  const auto schedule = CronSchedule::Parse(text, zone);
  if (!schedule.ok()) return std::string(schedule.status().message());
  int64_t at = api::ParseTimestamp(after)->seconds;
  std::string times;
  for (int i = 0; i < count; ++i) {
    const auto next = schedule->Next(at);
    if (!next.has_value()) return times + "never";
    at = *next;
    times += (i > 0 ? " " : "") + api::FormatTime({.seconds = at});
  }
  return times;
}

TEST(CronSchedule, NamesTimes) {
  EXPECT_EQ(Times("*/15 * * * *", "", "2026-01-01T00:00:00Z", 2),
            "2026-01-01T00:15:00Z 2026-01-01T00:30:00Z");
  EXPECT_EQ(Times("@daily", "", "2026-01-01T00:00:30Z"), "2026-01-02T00:00:00Z");
  EXPECT_EQ(Times("0 12 * FEB MON-FRI", "", "2026-01-01T00:00:00Z"), "2026-02-02T12:00:00Z");
  EXPECT_EQ(Times("0 0 29 2 *", "", "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(Times("0 0 31 2 *", "", "2026-01-01T00:00:00Z"), "never");
  EXPECT_EQ(Times("@every 90s", "", "2026-01-01T00:00:00Z"), "2026-01-01T00:01:30Z");
}

TEST(CronSchedule, OfTwoDayFieldsWithoutAStarEitherIsEnough) {
  EXPECT_EQ(Times("0 0 13 * 5", "", "2026-01-01T00:00:00Z", 3),
            "2026-01-02T00:00:00Z 2026-01-09T00:00:00Z 2026-01-13T00:00:00Z");
}

TEST(CronSchedule, TimesAreThoseOfTheZone) {
  EXPECT_EQ(Times("30 8 * * *", "Europe/Berlin", "2026-07-01T00:00:00Z"), "2026-07-01T06:30:00Z");
  // The night that has no half past two.
  EXPECT_EQ(Times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-30T00:30:00Z");
}

TEST(CronSchedule, SaysWhatIsWrong) {
  EXPECT_EQ(Times("* * *", "", "2026-01-01T00:00:00Z"),
            "expected exactly 5 fields, found 3: [* * *]");
  EXPECT_EQ(Times("61 * * * *", "", "2026-01-01T00:00:00Z"),
            "end of range (61) above maximum (59): 61");
  EXPECT_EQ(Times("* * * * *", "Mars/Base", "2026-01-01T00:00:00Z"), "unknown time zone Mars/Base");
}

TEST(CronSchedule, OfManyMissedTimesTheLastCounts) {
  const auto schedule = CronSchedule::Parse("*/5 * * * *", "");
  const int64_t begin = api::ParseTimestamp("2026-01-01T00:00:00Z")->seconds;
  EXPECT_EQ(schedule->MissedBetween(begin, begin + 299).last, std::nullopt);
  EXPECT_EQ(schedule->MissedBetween(begin, begin + 899).last, begin + 600);
  const auto missed = schedule->MissedBetween(begin, begin + 86400 * 30 + 10);
  EXPECT_EQ(missed.last, begin + 86400 * 30);
  EXPECT_TRUE(missed.many);
}

class CronJobTest : public WorkloadTest {
 protected:
  CronJobTest() { RunAll<CronJobController>(); }

  void Create(const std::string& spec = "") {
    const Answer created = Post(
        kCrons, R"({"kind":"CronJob","apiVersion":"batch/v1","metadata":{"name":"tick"},"spec":{)"
                R"("schedule":"* * * * *",)" +
                    spec +
                    R"("jobTemplate":{"metadata":{"labels":{"a":"b"}},"spec":{"template":{"spec":{)"
                    R"("restartPolicy":"Never","containers":[{"name":"c","image":"nginx"}]}}}}}})");
    EXPECT_EQ(created.status, 201) << created.body;
    Settle();
    EXPECT_LE(Items(kJobs).size(), 1U);
  }
  bool AwaitJobs(size_t count) {
    const bool came = Await([&] { return Items(kJobs).size() == count; });
    EXPECT_EQ(Items(kJobs).size(), count);
    return came;
  }
  void NextMinute() { Pass(std::chrono::seconds(61)); }
  void Finish(const std::string& job, const std::string& type = "Complete") {
    const std::string now = WallClock(clock_).Text();
    const std::string condition =
        R"({"type":")" + type + R"(","status":"True","lastTransitionTime":")" + now + R"("})";
    const std::string target = type == "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    Patch(std::string(kJobs) + "/" + job + "/status", kMerge,
          R"({"status":{"startTime":")" + now + R"(",)" +
              (type == "Complete" ? R"("completionTime":")" + now + R"(",)" : std::string()) +
              R"("conditions":[{"type":")" + target +
              R"(","status":"True","lastTransitionTime":")" + now + R"("},)" + condition + "]}}");
  }
};

TEST_F(CronJobTest, MakesAJobAtItsTime) {
  Create();
  NextMinute();
  EXPECT_TRUE(Await([&] { return !Items(kJobs).empty(); }));
  const json::Object job = Items(kJobs).front();
  EXPECT_TRUE(NameOf(job).starts_with("tick-"));
  EXPECT_EQ(kinds::Text(job, {"metadata", "labels", "a"}), "b");
  EXPECT_EQ(At(json::Value(job), "metadata.ownerReferences.0.kind"), "CronJob");
  AwaitAt(kTick, "status.active.0.name", NameOf(job));
  EXPECT_NE(Get(kTick).at("status.lastScheduleTime"), "(none)");
  Finish(NameOf(job));
  EXPECT_TRUE(Await([&] { return Get(kTick).at("status.active.0.name") != NameOf(job); }));
  EXPECT_TRUE(Await([&] { return Get(kTick).at("status.lastSuccessfulTime") != "(none)"; }));
  EXPECT_TRUE(AwaitEvent("SawCompletedJob", "condition: Complete"))
      << Get("/api/v1/namespaces/default/events").body;
}

TEST_F(CronJobTest, NoneIsMadeBesideAnotherWhereThatIsForbidden) {
  Create(R"("concurrencyPolicy":"Forbid",)");
  NextMinute();
  AwaitJobs(1);
  NextMinute();
  EXPECT_TRUE(
      AwaitEvent("JobAlreadyActive", "Not starting job because prior execution is running"));
  EXPECT_EQ(Items(kJobs).size(), 1U);
}

TEST_F(CronJobTest, ANewOneTakesThePlaceOfTheOld) {
  Create(R"("concurrencyPolicy":"Replace",)");
  NextMinute();
  AwaitJobs(1);
  const std::string first = NameOf(Items(kJobs).front());
  NextMinute();
  EXPECT_TRUE(Await([&] {
    const auto jobs = Items(kJobs);
    return jobs.size() == 1 && NameOf(jobs.front()) != first;
  }));
}

TEST_F(CronJobTest, SuspendedItMakesNone) {
  Create(R"("suspend":true,)");
  for (int i = 0; i < 3; ++i) NextMinute();
  Settle();
  EXPECT_EQ(Items(kJobs).size(), 0U);
}

TEST_F(CronJobTest, OldJobsAreKeptUpToTheLimits) {
  Create(R"("successfulJobsHistoryLimit":1,"failedJobsHistoryLimit":0,)");
  std::string last;
  for (int i = 0; i < 3; ++i) {
    NextMinute();
    EXPECT_TRUE(Await([&] { return Get(kTick).at("status.active.0.name") != "(none)"; }));
    last = Get(kTick).at("status.active.0.name");
    Patch(kTick, kMerge, R"({"spec":{"suspend":true}})");
    Finish(last, i == 1 ? "Failed" : "Complete");
    EXPECT_TRUE(Await([&] { return Get(kTick).at("status.active") == "(none)"; }));
    Patch(kTick, kMerge, R"({"spec":{"suspend":false}})");
  }
  AwaitJobs(1);
  EXPECT_EQ(NameOf(Items(kJobs).front()), last);
}

}  // namespace
}  // namespace kvplane::controller
