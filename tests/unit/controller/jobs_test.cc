#include "controller/jobs.h"

#include "controller/job_pods.h"
#include "unit/controller/workload_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kJobs[] = "/apis/batch/v1/namespaces/default/jobs";
constexpr char kWork[] = "/apis/batch/v1/namespaces/default/jobs/work";

std::string Job(const std::string& spec) {
  return R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"work"},"spec":{)" + spec +
         R"("template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":)"
         R"("nginx"}]}}}})";
}

class JobTest : public WorkloadTest {
 protected:
  JobTest() { RunAll<JobController>(); }

  void Create(const std::string& spec) {
    const Answer created = Post(kJobs, Job(spec));
    EXPECT_EQ(created.status, 201) << created.body;
  }
  std::vector<std::string> Active() {
    std::vector<std::string> names;
    for (const json::Object& pod : Pods()) {
      if (IsActive(pod)) names.push_back(NameOf(pod));
    }
    return names;
  }
  bool AwaitActive(size_t count) {
    const bool came = Await([&] { return Active().size() == count; });
    EXPECT_EQ(Active().size(), count);
    return came;
  }
  std::string PodOfIndex(const std::string& index) {
    for (const json::Object& pod : Pods()) {
      if (IsActive(pod) &&
          kinds::Text(pod, {"metadata", "annotations", kCompletionIndex}) == index) {
        return NameOf(pod);
      }
    }
    return "(none)";
  }
  void Exit(const std::string& pod, int code) {
    Become(pod, code == 0 ? "Succeeded" : "Failed", false,
           R"(,"containerStatuses":[{"name":"c","image":"nginx","imageID":"","ready":false,)"
           R"("restartCount":0,"state":{"terminated":{"exitCode":)" +
               std::to_string(code) + R"(,"finishedAt":")" + WallClock(clock_).Text() + R"("}}}])");
  }
  std::string Failure() {
    AwaitCondition(kWork, "Failed", Condition(kWork, "FailureTarget"));
    return Condition(kWork, "Failed");
  }
};

TEST_F(JobTest, IsCompleteWhenAsManySucceededAsItAsksFor) {
  Create(R"("completions":3,"parallelism":2,)");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(AwaitActive(i == 2 ? 1 : 2));
    Exit(Active().front(), 0);
    AwaitAt(kWork, "status.succeeded", std::to_string(i + 1));
  }
  AwaitCondition(kWork, "Complete", "True CompletionsReached");
  EXPECT_EQ(Condition(kWork, "SuccessCriteriaMet"), "True CompletionsReached");
  EXPECT_NE(Get(kWork).at("status.completionTime"), "(none)");
  EXPECT_EQ(Get(kWork).at("status.uncountedTerminatedPods"), "{}");
  EXPECT_EQ(Pods().size(), 3U);
  for (const json::Object& pod : Pods()) EXPECT_FALSE(IsTracked(pod));
  EXPECT_TRUE(AwaitEvent("Completed", "Job completed"));
}

TEST_F(JobTest, NoPodIsCountedTwiceOrMissedWhereItIsDeletedAtOnce) {
  Create(R"("completions":20,"parallelism":5,)");
  EXPECT_TRUE(Await([&] {
    for (const std::string& pod : Active()) {
      Exit(pod, 0);
      Ask("DELETE", PodUrl(pod));
    }
    return Condition(kWork, "Complete") != "(none)";
  }));
  EXPECT_EQ(Get(kWork).at("status.succeeded"), "20");
  EXPECT_EQ(Get(kWork).at("status.failed"), "(none)");
}

TEST_F(JobTest, FailsBeyondItsBackoffLimitAndWaitsBetweenTries) {
  Create(R"("backoffLimit":1,)");
  AwaitActive(1);
  Exit(Active().front(), 1);
  AwaitAt(kWork, "status.failed", "1");
  Settle();
  EXPECT_EQ(Active().size(), 0U);
  Pass(std::chrono::seconds(11));
  ASSERT_TRUE(AwaitActive(1));
  Exit(Active().front(), 1);
  EXPECT_TRUE(Await([&] { return Condition(kWork, "Failed") != "(none)"; }));
  EXPECT_EQ(Failure(), "True BackoffLimitExceeded");
  EXPECT_EQ(Get(kWork).at("status.failed"), "2");
}

TEST_F(JobTest, EndsAtItsDeadline) {
  Create(R"("activeDeadlineSeconds":100,"parallelism":2,)");
  AwaitActive(2);
  Pass(std::chrono::seconds(101));
  EXPECT_TRUE(Await([&] { return Condition(kWork, "Failed") != "(none)"; }));
  EXPECT_EQ(Failure(), "True DeadlineExceeded");
  EXPECT_EQ(Active().size(), 0U);
}

TEST_F(JobTest, SuspendedItHasNoPodsAndResumedItsTimeBeginsAnew) {
  Create(R"("suspend":true,)");
  AwaitCondition(kWork, "Suspended", "True JobSuspended");
  EXPECT_EQ(Pods().size(), 0U);
  EXPECT_EQ(Get(kWork).at("status.startTime"), "(none)");
  Patch(kWork, kMerge, R"({"spec":{"suspend":false}})");
  AwaitActive(1);
  AwaitCondition(kWork, "Suspended", "False JobResumed");
  Patch(kWork, kMerge, R"({"spec":{"suspend":true}})");
  AwaitPods(0);
  AwaitCondition(kWork, "Suspended", "True JobSuspended");
  EXPECT_EQ(Get(kWork).at("status.failed"), "(none)");
}

TEST_F(JobTest, IndexedPodsKnowTheirIndex) {
  Create(R"("completions":4,"parallelism":4,"completionMode":"Indexed",)");
  AwaitActive(4);
  const std::string name = PodOfIndex("2");
  EXPECT_TRUE(name.starts_with("work-2-"));
  const Answer pod = Get(PodUrl(name));
  EXPECT_EQ(pod.at("spec.hostname"), "work-2");
  EXPECT_EQ(pod.at("spec.containers.0.env.0.name"), "JOB_COMPLETION_INDEX");
  for (const char* index : {"0", "1", "3"}) Exit(PodOfIndex(index), 0);
  AwaitAt(kWork, "status.completedIndexes", "0,1,3");
  Exit(PodOfIndex("2"), 1);
  AwaitAt(kWork, "status.failed", "1");
  Pass(std::chrono::seconds(11));
  EXPECT_TRUE(Await([&] { return PodOfIndex("2") != "(none)"; }));
  Exit(PodOfIndex("2"), 0);
  AwaitAt(kWork, "status.completedIndexes", "0-3");
  AwaitCondition(kWork, "Complete", "True CompletionsReached");
  EXPECT_EQ(Get(kWork).at("status.succeeded"), "4");
}

TEST_F(JobTest, AnIndexFailsByItself) {
  Create(R"("completions":2,"parallelism":2,"completionMode":"Indexed","backoffLimitPerIndex":0,)");
  AwaitActive(2);
  Exit(PodOfIndex("0"), 1);
  AwaitAt(kWork, "status.failedIndexes", "0");
  EXPECT_EQ(Active().size(), 1U);
  Exit(PodOfIndex("1"), 0);
  EXPECT_TRUE(Await([&] { return Condition(kWork, "Failed") != "(none)"; }));
  EXPECT_EQ(Failure(), "True FailedIndexes");
  EXPECT_EQ(Get(kWork).at("status.completedIndexes"), "1");
}

TEST_F(JobTest, ASuccessPolicyEndsItEarly) {
  Create(R"("completions":3,"parallelism":3,"completionMode":"Indexed","successPolicy":{"rules":[)"
         R"({"succeededIndexes":"0"}]},)");
  AwaitActive(3);
  Exit(PodOfIndex("0"), 0);
  AwaitCondition(kWork, "Complete", "True SuccessPolicy");
  EXPECT_EQ(Active().size(), 0U);
  EXPECT_EQ(Get(kWork).at("status.succeeded"), "1");
}

TEST_F(JobTest, APodFailurePolicySaysWhatAFailureMeans) {
  Create(R"("backoffLimit":0,"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":{)"
         R"("operator":"In","values":[7]}},{"action":"FailJob","onExitCodes":{"operator":"In",)"
         R"("values":[42]}}]},)");
  AwaitActive(1);
  Exit(Active().front(), 7);
  Settle();
  Pass(std::chrono::seconds(11));
  ASSERT_TRUE(AwaitActive(1));
  EXPECT_EQ(Get(kWork).at("status.failed"), "(none)");
  const std::string pod = Active().front();
  Exit(pod, 42);
  EXPECT_TRUE(Await([&] { return Condition(kWork, "Failed") != "(none)"; }));
  EXPECT_EQ(Failure(), "True PodFailurePolicy");
  EXPECT_TRUE(AwaitEvent("PodFailurePolicy", "Container c for pod default/" + pod +
                                                 " failed with exit code 42 matching FailJob rule "
                                                 "at index 1"));
}

TEST_F(JobTest, PodsOfAJobThatIsGoneAreNotHeld) {
  Create("");
  AwaitActive(1);
  Ask("DELETE", std::string(kWork) + "?propagationPolicy=Background");
  EXPECT_EQ(Get(kWork).status, 404);
  EXPECT_TRUE(Await([&] { return !IsTracked(Pods().front()); }));
}

TEST(JobIndexesTest, AreWrittenAsIntervals) {
  EXPECT_EQ(TextOf({0, 1, 2, 4, 6, 7}), "0-2,4,6,7");
  EXPECT_EQ(TextOf({}), "");
  EXPECT_EQ(ReadIndexes("0-2,4,6,7", 7), (JobIndexes{0, 1, 2, 4, 6}));
}

}  // namespace
}  // namespace kvplane::controller
