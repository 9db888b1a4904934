#include <gtest/gtest.h>

#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/conversion.h"
#include "kinds/defaults.h"
#include "kinds/defaults_table.h"
#include "kinds/kind.h"
#include "kinds/members.h"
#include "kinds/selectable_fields.h"
#include "kinds/validation.h"

namespace kvplane::kinds {
namespace {

const Kind& Find(std::string_view group_version, std::string_view plural) {
  return *Kinds::BuiltIn().Find(group_version, plural)->kind;
}

json::Object Parse(std::string_view text) {
  auto parsed = api::ParseJson(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed->get_object();
}

TEST(Kinds, LieWhereKubernetesKeepsThem) {
  EXPECT_EQ(Find("v1", "pods").prefix, "/registry/pods/");
  EXPECT_EQ(Find("v1", "nodes").prefix, "/registry/minions/");
  EXPECT_EQ(Find("v1", "services").prefix, "/registry/services/specs/");
  EXPECT_EQ(Find("apps/v1", "deployments").prefix, "/registry/deployments/");
  EXPECT_EQ(Find("networking.k8s.io/v1", "ingresses").prefix, "/registry/ingress/");
}

TEST(Kinds, OfTwoVersionsAreStoredOnce) {
  EXPECT_EQ(&Find("autoscaling/v1", "horizontalpodautoscalers"),
            &Find("autoscaling/v2", "horizontalpodautoscalers"));
  EXPECT_EQ(&Find("events.k8s.io/v1", "events"), &Find("v1", "events"));
  EXPECT_EQ(Find("events.k8s.io/v1", "events").group_version, "v1");
  EXPECT_EQ(Find("events.k8s.io/v1", "events").group, "");
  EXPECT_EQ(ColumnsOf(Find("v1", "events"))[0].name, "Last Seen");
}

TEST(Kinds, AreServedInStableVersionsOnly) {
  for (const Served& served : Kinds::BuiltIn().served()) {
    EXPECT_EQ(VersionOf(served.resource->group_version).find("alpha"), std::string_view::npos);
    EXPECT_EQ(VersionOf(served.resource->group_version).find("beta"), std::string_view::npos);
  }
  EXPECT_GT(Kinds::BuiltIn().kinds().size(), 50u);
}

TEST(Kinds, KeysOverlapNowhere) {
  for (const Kind& a : Kinds::BuiltIn().kinds()) {
    for (const Kind& b : Kinds::BuiltIn().kinds()) {
      EXPECT_TRUE(&a == &b || !a.prefix.starts_with(b.prefix)) << a.prefix << " " << b.prefix;
    }
  }
}

TEST(Defaults, NameFieldsThatThereAre) {
  const api::Schema& schema = api::Schema::Kubernetes();
  for (const auto rows : {PodDefaultFields(), WorkloadDefaultFields(), ClusterDefaultFields()}) {
    for (const DefaultField& row : rows) {
      const auto* message =
          schema.FindMessageByName(kvshim::base::Concat("k8s.io.api.", row.message));
      ASSERT_NE(message, nullptr) << row.message;
      EXPECT_NE(message->Find(row.field), api::Message::kNotFound) << row.message << row.field;
      EXPECT_TRUE(api::ParseJson(row.json).ok()) << row.json;
    }
  }
  for (const auto rows :
       {PodDefaultFunctions(), WorkloadDefaultFunctions(), ClusterDefaultFunctions()}) {
    for (const DefaultFunctionOf& row : rows) {
      EXPECT_NE(schema.FindMessageByName(kvshim::base::Concat("k8s.io.api.", row.message)), nullptr)
          << row.message;
    }
  }
}

TEST(Defaults, ReachTemplatesWithinTemplates) {
  json::Object job =
      Parse(R"({"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{"spec":{)"
            R"("containers":[{"name":"c","image":"a:latest"}],"volumes":[{"name":"v"}]}}}}}})");
  SetDefaults(Find("batch/v1", "cronjobs"), job);
  const json::Object& spec = *FindObject(job, {"spec", "jobTemplate", "spec", "template", "spec"});
  EXPECT_EQ(Text(spec, {"dnsPolicy"}), "ClusterFirst");
  const json::Object& container = spec.at("containers").at(0).as_object();
  EXPECT_EQ(Text(container, {"imagePullPolicy"}), "Always");
  EXPECT_TRUE(spec.at("volumes").at(0).as_object().contains("emptyDir"));
  // A cron job's own jobs get theirs when they are made.
  EXPECT_FALSE(Has(job, {"spec", "jobTemplate", "spec", "backoffLimit"}));
}

TEST(Defaults, LeaveWhatIsSaid) {
  json::Object service = Parse(
      R"({"spec":{"type":"NodePort","ports":[{"port":80,"targetPort":"http"},{"port":81}]}})");
  SetDefaults(Find("v1", "services"), service);
  EXPECT_EQ(Text(service, {"spec", "type"}), "NodePort");
  EXPECT_EQ(Text(service, {"spec", "externalTrafficPolicy"}), "Cluster");
  EXPECT_EQ(api::ToJson(service.at("spec").at("ports")),
            R"([{"port":80,"targetPort":"http","protocol":"TCP"},)"
            R"({"port":81,"protocol":"TCP","targetPort":81}])");
}

TEST(Columns, OfEveryKindFillTheirCells) {
  const json::Object empty = Parse(R"({"metadata":{"name":"x"}})");
  for (const Kind& kind : Kinds::BuiltIn().kinds()) {
    EXPECT_EQ(CellsOf(kind, empty).size(), ColumnsOf(kind).size()) << kind.plural;
  }
}

TEST(Columns, TellAgesInFewWords) {
  const auto text = [](int64_t seconds) { return HumanDuration(std::chrono::seconds(seconds)); };
  EXPECT_EQ(text(5), "5s");
  EXPECT_EQ(text(119), "119s");
  EXPECT_EQ(text(125), "2m5s");
  EXPECT_EQ(text(3600), "60m");
  EXPECT_EQ(text(4 * 3600 + 60), "4h1m");
  EXPECT_EQ(text(47 * 3600), "47h");
  EXPECT_EQ(text(49 * 3600), "2d1h");
  EXPECT_EQ(text(86400 * 100), "100d");
}

TEST(Columns, TellWhatAQuotaHoldsAndWhoOwnsARevision) {
  const auto cells = [](const Kind& kind, std::string_view text) {
    json::Array all = CellsOf(kind, Parse(text));
    all.pop_back();  // its age
    return api::ToJson(json::Value(std::move(all)));
  };
  EXPECT_EQ(cells(Find("v1", "resourcequotas"),
                  R"({"metadata":{"name":"q"},"status":{"hard":{"pods":"4","limits.cpu":"2",)"
                  R"("configmaps":"9"},"used":{"pods":"1","limits.cpu":"500m"}}})"),
            R"(["q","configmaps: 0/9, pods: 1/4","limits.cpu: 500m/2"])");
  EXPECT_EQ(cells(Find("apps/v1", "controllerrevisions"),
                  R"({"metadata":{"name":"r","ownerReferences":[{"apiVersion":"apps/v1",)"
                  R"("kind":"StatefulSet","name":"db","controller":true}]},"revision":3})"),
            R"(["r","statefulset.apps/db",3])");
}

TEST(Columns, TellWhyAPodWaits) {
  const Kind& pods = Find("v1", "pods");
  const auto status = [&](std::string_view text) {
    return Plain(CellsOf(pods, Parse(text)).at(2));
  };
  EXPECT_EQ(status(R"({"status":{"phase":"Running","containerStatuses":[{"state":{"waiting":)"
                   R"({"reason":"CrashLoopBackOff"}}}]}})"),
            "CrashLoopBackOff");
  EXPECT_EQ(status(R"({"metadata":{"deletionTimestamp":"x"},"status":{"phase":"Running"}})"),
            "Terminating");
  EXPECT_EQ(status(R"({"spec":{"initContainers":[{},{}]},"status":{"phase":"Pending",)"
                   R"("initContainerStatuses":[{"state":{"running":{}}}]}})"),
            "Init:0/2");
}

TEST(Conversion, OfAutoscalersKeepsEveryMetric) {
  const Kind& kind = Find("autoscaling/v2", "horizontalpodautoscalers");
  const std::string text =
      R"({"apiVersion":"autoscaling/v2","metadata":{"name":"x"},"spec":{"metrics":[)"
      R"({"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization",)"
      R"("averageUtilization":50}}},{"type":"Pods","pods":{"metric":{"name":"m"}}}]}})";
  json::Object object = Parse(text);
  FromStored(kind, "autoscaling/v1", object);
  EXPECT_EQ(Integer(object, {"spec", "targetCPUUtilizationPercentage"}), 50);
  EXPECT_FALSE(Has(object, {"spec", "metrics"}));
  ToStored(kind, "autoscaling/v1", object);
  EXPECT_EQ(api::ToJson(object.at("spec")), api::ToJson(Parse(text).at("spec")));
}

TEST(Validation, OfPodsFindsEveryFault) {
  const Kind& pods = Find("v1", "pods");
  json::Object pod =
      Parse(R"({"metadata":{"name":"x"},"spec":{"containers":[{"name":"A","image":"i","ports":[)"
            R"({"containerPort":70000}],"volumeMounts":[{"name":"v","mountPath":"/"}]}]}})");
  SetDefaults(pods, pod);
  std::vector<std::string> fields;
  for (const FieldError& error : Validate(pods, pod, nullptr)) fields.push_back(error.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"spec.containers[0].name",
                                              "spec.containers[0].ports[0].containerPort",
                                              "spec.containers[0].volumeMounts[0].name"}));
}

std::vector<std::string> FaultsOf(const Kind& kind, std::string_view text,
                                  std::string_view before = "") {
  json::Object object = Parse(text);
  SetDefaults(kind, object);
  json::Object current;
  if (!before.empty()) {
    current = Parse(before);
    SetDefaults(kind, current);
  }
  std::vector<std::string> faults;
  for (const FieldError& error : Validate(kind, object, before.empty() ? nullptr : &current)) {
    faults.push_back(error.ToString());
  }
  return faults;
}

using Faults = std::vector<std::string>;

TEST(Validation, OfAutoscalersKnowsTheirBoundsAndTarget) {
  const Kind& scalers = Find("autoscaling/v2", "horizontalpodautoscalers");
  EXPECT_EQ(FaultsOf(scalers, R"({"metadata":{"name":"a"},"spec":{"minReplicas":5,"maxReplicas":3,)"
                              R"("scaleTargetRef":{"kind":"","name":"x"}}})"),
            (Faults{"spec.maxReplicas: Invalid value: 3: must be greater than or equal to "
                    "`minReplicas`",
                    "spec.scaleTargetRef.kind: Required value",
                    "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must "
                    "specify API group"}));
  EXPECT_EQ(
      FaultsOf(scalers, R"({"metadata":{"name":"a"},"spec":{"maxReplicas":3,"scaleTargetRef":)"
                        R"({"apiVersion":"apps/v1","kind":"Deployment","name":"x"}}})"),
      Faults());
}

TEST(Validation, OfBudgetsTakesOneBound) {
  const auto faults = FaultsOf(Find("policy/v1", "poddisruptionbudgets"),
                               R"({"metadata":{"name":"a"},"spec":{"minAvailable":1,)"
                               R"("maxUnavailable":"10%","selector":{}}})");
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_NE(faults[0].find("minAvailable and maxUnavailable cannot be both set"),
            std::string::npos);
}

TEST(Validation, OfJobsKeepsTheirCompletions) {
  const std::string job =
      R"({"metadata":{"name":"a"},"spec":{"completions":1,"template":{"spec":{"restartPolicy":)"
      R"("Never","containers":[{"name":"c","image":"i"}]}}}})";
  std::string more = job;
  more.replace(more.find("s\":1"), 4, "s\":5");
  EXPECT_EQ(FaultsOf(Find("batch/v1", "jobs"), more, job),
            Faults{"spec.completions: Invalid value: 5: field is immutable"});
}

TEST(Validation, OfPodsWantsNoLessThanNothing) {
  EXPECT_EQ(FaultsOf(Find("v1", "pods"),
                     R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i",)"
                     R"("resources":{"requests":{"cpu":"-1"}}}]}})"),
            Faults{"spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be "
                   "greater than or equal to 0"});
}

}  // namespace
}  // namespace kvplane::kinds
