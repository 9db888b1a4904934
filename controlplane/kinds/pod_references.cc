#include "kinds/pod_references.h"

#include <string>

#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using Visit = std::function<void(Referenced what, std::string_view name)>;

void See(const json::Object& object, Path path, Referenced what, const Visit& visit) {
  const std::string_view name = Text(object, path);
  if (!name.empty()) visit(what, name);
}

void VisitContainer(const json::Object& container, const Visit& visit) {
  ForEach(container, {"env"}, [&](const json::Object& variable) {
    See(variable, {"valueFrom", "secretKeyRef", "name"}, Referenced::kSecret, visit);
    See(variable, {"valueFrom", "configMapKeyRef", "name"}, Referenced::kConfigMap, visit);
  });
  ForEach(container, {"envFrom"}, [&](const json::Object& source) {
    See(source, {"secretRef", "name"}, Referenced::kSecret, visit);
    See(source, {"configMapRef", "name"}, Referenced::kConfigMap, visit);
  });
}

void VisitVolume(const json::Object& pod, const json::Object& volume, const Visit& visit) {
  See(volume, {"secret", "secretName"}, Referenced::kSecret, visit);
  See(volume, {"configMap", "name"}, Referenced::kConfigMap, visit);
  See(volume, {"persistentVolumeClaim", "claimName"}, Referenced::kClaim, visit);
  if (volume.contains("ephemeral")) {
    // Its claim is named after the pod.
    visit(Referenced::kClaim,
          kvshim::base::Concat(Text(pod, {"metadata", "name"}), "-", Text(volume, {"name"})));
  }
  ForEach(volume, {"projected", "sources"}, [&](const json::Object& source) {
    See(source, {"secret", "name"}, Referenced::kSecret, visit);
    See(source, {"configMap", "name"}, Referenced::kConfigMap, visit);
    See(source, {"clusterTrustBundle", "name"}, Referenced::kTrustBundle, visit);
  });
  VisitVolumeSecrets(volume, [&](std::string_view /*name_space*/, std::string_view name) {
    visit(Referenced::kSecret, name);
  });
}

}  // namespace

void VisitVolumeSecrets(
    const json::Object& volume,
    const std::function<void(std::string_view name_space, std::string_view name)>& visit) {
  if (const std::string_view name = Text(volume, {"azureFile", "secretName"}); !name.empty()) {
    visit(Text(volume, {"azureFile", "secretNamespace"}), name);
  }
  for (const std::string_view driver :
       {"cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos", "csi"}) {
    const json::Object* source = FindObject(volume, {driver});
    if (source == nullptr) continue;
    for (const std::string_view member :
         {"secretRef", "controllerPublishSecretRef", "controllerExpandSecretRef",
          "nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"}) {
      const std::string_view name = Text(*source, {member, "name"});
      if (!name.empty()) visit(Text(*source, {member, "namespace"}), name);
    }
  }
}

void VisitReferences(const json::Object& pod, const Visit& visit) {
  See(pod, {"spec", "serviceAccountName"}, Referenced::kServiceAccount, visit);
  ForEach(pod, {"spec", "imagePullSecrets"},
          [&](const json::Object& secret) { See(secret, {"name"}, Referenced::kSecret, visit); });
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    ForEach(pod, {"spec", list},
            [&](const json::Object& container) { VisitContainer(container, visit); });
  }
  ForEach(pod, {"spec", "volumes"},
          [&](const json::Object& volume) { VisitVolume(pod, volume, visit); });
  ForEach(pod, {"spec", "resourceClaims"}, [&](const json::Object& claim) {
    See(claim, {"resourceClaimName"}, Referenced::kResourceClaim, visit);
  });
  ForEach(pod, {"status", "resourceClaimStatuses"}, [&](const json::Object& claim) {
    See(claim, {"resourceClaimName"}, Referenced::kResourceClaim, visit);
  });
}

}  // namespace kvplane::kinds
