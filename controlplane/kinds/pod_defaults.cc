// Defaults of pods and of what templates of pods hold.
#include <string>
#include <string_view>

#include "kinds/defaults_table.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

constexpr DefaultField kFields[] = {
    {"core.v1.PodSpec", "restartPolicy", R"("Always")"},
    {"core.v1.PodSpec", "terminationGracePeriodSeconds", "30"},
    {"core.v1.PodSpec", "dnsPolicy", R"("ClusterFirst")"},
    {"core.v1.PodSpec", "securityContext", "{}"},
    {"core.v1.PodSpec", "schedulerName", R"("default-scheduler")"},
    {"core.v1.Container", "terminationMessagePath", R"("/dev/termination-log")"},
    {"core.v1.Container", "terminationMessagePolicy", R"("File")"},
    {"core.v1.EphemeralContainer", "terminationMessagePath", R"("/dev/termination-log")"},
    {"core.v1.EphemeralContainer", "terminationMessagePolicy", R"("File")"},
    {"core.v1.ContainerPort", "protocol", R"("TCP")"},
    {"core.v1.Probe", "timeoutSeconds", "1"},
    {"core.v1.Probe", "periodSeconds", "10"},
    {"core.v1.Probe", "successThreshold", "1"},
    {"core.v1.Probe", "failureThreshold", "3"},
    {"core.v1.HTTPGetAction", "path", R"("/")"},
    {"core.v1.HTTPGetAction", "scheme", R"("HTTP")"},
    {"core.v1.GRPCAction", "service", R"("")"},
    {"core.v1.ObjectFieldSelector", "apiVersion", R"("v1")"},
    {"core.v1.SecretVolumeSource", "defaultMode", "420"},
    {"core.v1.ConfigMapVolumeSource", "defaultMode", "420"},
    {"core.v1.DownwardAPIVolumeSource", "defaultMode", "420"},
    {"core.v1.ProjectedVolumeSource", "defaultMode", "420"},
    {"core.v1.ServiceAccountTokenProjection", "expirationSeconds", "3600"},
    {"core.v1.HostPathVolumeSource", "type", R"("")"},
    {"core.v1.ISCSIVolumeSource", "iscsiInterface", R"("default")"},
    {"core.v1.PersistentVolumeClaimSpec", "volumeMode", R"("Filesystem")"},
};

// A tag that may move is pulled each time: none, or latest.
bool IsMovingTag(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return false;
  const size_t slash = image.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? image : image.substr(slash + 1);
  const size_t colon = last.find(':');
  return colon == std::string_view::npos || last.substr(colon + 1) == "latest";
}

void Container(json::Object& container) {
  SetDefault(container, "imagePullPolicy",
             IsMovingTag(Text(container, {"image"})) ? "Always" : "IfNotPresent");
  const json::Object* limits = FindObject(container, {"resources", "limits"});
  if (limits == nullptr) return;
  const json::Object copy = *limits;
  json::Object& requests = Child(Child(container, "resources"), "requests");
  for (const auto& limit : copy) SetDefault(requests, json::View(limit.key()), limit.value());
}

void Volume(json::Object& volume) {
  if (volume.size() == 1 && volume.contains("name")) Set(volume, "emptyDir", json::Object());
}

void PodSpec(json::Object& spec) {
  // Two names of one thing; the older one is kept for older clients.
  if (const std::string name(Text(spec, {"serviceAccountName"})); !name.empty()) {
    Set(spec, "serviceAccount", json::Value(name.c_str()));
  } else if (const std::string older(Text(spec, {"serviceAccount"})); !older.empty()) {
    Set(spec, "serviceAccountName", json::Value(older.c_str()));
  }
  if (!True(spec, {"hostNetwork"})) return;
  for (const std::string_view list : {"containers", "initContainers"}) {
    ForEach(spec, {list}, [](json::Object& container) {
      ForEach(container, {"ports"}, [](json::Object& port) {
        SetDefault(port, "hostPort", Integer(port, {"containerPort"}));
      });
    });
  }
}

void Pod(json::Object& pod) { SetDefault(Child(pod, "spec"), "enableServiceLinks", true); }

constexpr DefaultFunctionOf kFunctions[] = {
    {"core.v1.Container", Container},
    {"core.v1.EphemeralContainer", Container},
    {"core.v1.Volume", Volume},
    {"core.v1.PodSpec", PodSpec},
    {"core.v1.Pod", Pod},
};

}  // namespace

std::span<const DefaultField> PodDefaultFields() { return kFields; }
std::span<const DefaultFunctionOf> PodDefaultFunctions() { return kFunctions; }

}  // namespace kvplane::kinds
