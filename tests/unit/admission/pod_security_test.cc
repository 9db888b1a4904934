#include "admission/pod_security_checks.h"
#include "unit/admission/admission_fixture.h"

namespace kvplane::admission {
namespace {

class PodSecurityChecks : public AdmissionTest {
 protected:
  static std::string Faults(Level level, const std::string& pod, int version = kLatest) {
    const json::Object object = api::ParseJson(pod)->get_object();
    return Details(CheckPod({level, version}, *kinds::FindObject(object, {"metadata"}),
                            *kinds::FindObject(object, {"spec"})));
  }
};

TEST_F(PodSecurityChecks, SayWhatTheBaselineForbids) {
  const struct {
    std::string spec, container, faults;
  } kCases[] = {
      {"", "", ""},
      {R"(,"hostNetwork":true,"hostPID":true)", "",
       "host namespaces (hostNetwork=true, hostPID=true)"},
      {"", R"(,"securityContext":{"privileged":true})",
       R"(privileged (container "c" must not set securityContext.privileged=true))"},
      {"", R"(,"securityContext":{"capabilities":{"add":["NET_RAW","CHOWN"]}})",
       R"(non-default capabilities (container "c" must not include "NET_RAW" in )"
       "securityContext.capabilities.add)"},
      {R"(,"volumes":[{"name":"v","hostPath":{"path":"/"}}])", "",
       R"(hostPath volumes (volume "v"))"},
      {R"(,"initContainers":[{"name":"i","ports":[{"hostPort":80}]}])",
       R"(,"ports":[{"hostPort":8080},{"containerPort":1}])",
       R"(hostPort (containers "i", "c" use hostPorts 80, 8080))"},
      {R"(,"securityContext":{"seLinuxOptions":{"type":"bad","user":"u"}})", "",
       R"(seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "bad"; user may )"
       "not be set)"},
      {R"(,"securityContext":{"seccompProfile":{"type":"Unconfined"}})", "",
       R"(seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined"))"},
      {R"(,"securityContext":{"sysctls":[{"name":"kernel.msgmax"}]})", "",
       "forbidden sysctls (kernel.msgmax)"},
      {"", R"(,"securityContext":{"procMount":"Unmasked"})",
       R"(procMount (container "c" must not set securityContext.procMount to "Unmasked"))"},
      {R"(,"securityContext":{"appArmorProfile":{"type":"Unconfined"}})", "",
       R"(forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined"))"},
      {R"(,"securityContext":{"windowsOptions":{"hostProcess":true}})", "",
       "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"},
      {"", R"(,"livenessProbe":{"httpGet":{"host":"10.0.0.1"}})",
       R"(probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1"))"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(Faults(Level::kBaseline, Pod("p", one.spec, one.container)), one.faults);
  }
}

TEST_F(PodSecurityChecks, SayWhatRestrictedWants) {
  EXPECT_EQ(
      Faults(Level::kRestricted, Pod("p")),
      R"(allowPrivilegeEscalation != false (container "c" must set )"
      R"(securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container )"
      R"("c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or )"
      R"(container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or )"
      R"(container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or )"
      R"("Localhost"))");
  const std::string good =
      R"(,"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}})";
  const std::string pod_good =
      R"(,"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}})";
  EXPECT_EQ(Faults(Level::kRestricted, Pod("p", pod_good, good)), "");
  EXPECT_EQ(Faults(Level::kRestricted, Pod("p",
                                           R"(,"volumes":[{"name":"v","hostPath":{"path":"/"}},)"
                                           R"({"name":"n","nfs":{}}])" +
                                               pod_good,
                                           good)),
            R"(restricted volume types (volumes "v", "n" use restricted volume types "hostPath", )"
            R"("nfs"))");
  EXPECT_EQ(
      Faults(Level::kRestricted, Pod("p",
                                     R"(,"securityContext":{"runAsNonRoot":true,"runAsUser":0,)"
                                     R"("seccompProfile":{"type":"RuntimeDefault"}})",
                                     good)),
      "runAsUser=0 (pod must not set runAsUser=0)");
}

TEST_F(PodSecurityChecks, KeepToTheVersion) {
  EXPECT_EQ(Faults(Level::kRestricted, Pod("p"), 7),
            R"(runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=)"
            "true)");
  const std::string sysctl = R"(,"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_rmem"}]})";
  EXPECT_EQ(Faults(Level::kBaseline, Pod("p", sysctl), 31),
            "forbidden sysctls (net.ipv4.tcp_rmem)");
  EXPECT_EQ(Faults(Level::kBaseline, Pod("p", sysctl), 32), "");
}

class PodSecurity : public AdmissionTest {
 protected:
  void Label(const std::string& mode, const std::string& value) {
    ASSERT_TRUE(SetLabel(mode, value).ok());
  }
  absl::Status SetLabel(const std::string& mode, const std::string& value) {
    return Update("v1 namespaces", "default", "", [&](json::Object& object) {
      kinds::Child(kinds::Child(object, "metadata"),
                   "labels")[json::ToBoost("pod-security.kubernetes.io/" + mode)] =
          json::ToBoost(value);
    });
  }
  const std::string deployment_ =
      R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":)"
      R"({"metadata":{"labels":{"a":"b"}},"spec":{"hostNetwork":true,"containers":[)"
      R"({"name":"c","image":"x"}]}}}})";
};

TEST_F(PodSecurity, RefusesPodsAndWarnsOfTheirTemplates) {
  Label("enforce", "baseline");
  EXPECT_EQ(Refusal("v1 pods", Pod("p", R"(,"hostNetwork":true)")),
            "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces "
            "(hostNetwork=true)");
  EXPECT_EQ(Refusal("v1 pods", Pod("p")), "");
  EXPECT_EQ(Refusal("apps/v1 deployments", deployment_), "");
  EXPECT_EQ(warnings_,
            std::vector<std::string>{"would violate PodSecurity \"baseline:latest\": host "
                                     "namespaces (hostNetwork=true)"});
}

TEST_F(PodSecurity, OnlyWarnsWhereAskedTo) {
  Label("warn", "baseline");
  Label("warn-version", "v1.30");
  EXPECT_EQ(Refusal("v1 pods", Pod("p", R"(,"hostNetwork":true)")), "");
  EXPECT_EQ(warnings_,
            std::vector<std::string>{"would violate PodSecurity \"baseline:v1.30\": host "
                                     "namespaces (hostNetwork=true)"});
}

TEST_F(PodSecurity, WarnsOfPodsThatAreThereAlready) {
  Must("v1 pods", Pod("p", R"(,"hostNetwork":true)"));
  Must("v1 pods", Pod("q", R"(,"hostNetwork":true)"));
  Label("enforce", "baseline");
  EXPECT_EQ(warnings_, (std::vector<std::string>{
                           "existing pods in namespace \"default\" violate the new PodSecurity "
                           "enforce level \"baseline:latest\"",
                           "p (and 1 other pod): host namespaces"}));
}

TEST_F(PodSecurity, RefusesLabelsThatMeanNothing) {
  EXPECT_EQ(
      Message(SetLabel("enforce", "strict")),
      "Namespace \"default\" is invalid: "
      "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be "
      "one of privileged, baseline, restricted");
  EXPECT_EQ(
      Message(SetLabel("warn-version", "1.30")),
      "Namespace \"default\" is invalid: "
      "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.30\": must "
      "be \"latest\" or \"v1.x\"");
}

}  // namespace
}  // namespace kvplane::admission
