// What the control plane does with one object of a usual size, a Pod as its kubelet reports it:
// bytes a second are those of the object's own text or protobuf.
#include <benchmark/benchmark.h>

#include <string>

#include "api/canonical.h"
#include "api/envelope.h"
#include "api/field_ownership.h"
#include "api/field_validation.h"
#include "api/json.h"
#include "api/schema.h"
#include "api/schema_text.h"
#include "api/strategic_merge_patch.h"

namespace kvplane::api {
namespace {

constexpr const char* kPod =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-5d9c7b6f4-x2x7k",
"generateName":"web-5d9c7b6f4-","namespace":"default","uid":"0b5a4f1e-0c1d-4c69-8f4a-6d1f3f1f2b3c",
"resourceVersion":"123456","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"app":"web",
"pod-template-hash":"5d9c7b6f4"},"annotations":{"checksum/config":"9f86d081884c7d659a2feaa0c55ad015"},
"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d9c7b6f4",
"uid":"7a1e2f3c-4b5d-6e7f-8091-a2b3c4d5e6f7","controller":true,"blockOwnerDeletion":true}]},
"spec":{"volumes":[{"name":"config","configMap":{"name":"web","defaultMode":420}},
{"name":"token","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}],"defaultMode":420}}],
"containers":[{"name":"web","image":"nginx:1.25","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],
"env":[{"name":"MODE","value":"production"},{"name":"NODE","valueFrom":{"fieldRef":{"apiVersion":"v1",
"fieldPath":"spec.nodeName"}}}],"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":
{"cpu":"100m","memory":"128Mi"}},"volumeMounts":[{"name":"config","readOnly":true,"mountPath":"/etc/web"},
{"name":"token","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],
"livenessProbe":{"httpGet":{"path":"/healthz","port":"http","scheme":"HTTP"},"timeoutSeconds":1,
"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log",
"terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always",
"terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default",
"serviceAccount":"default","nodeName":"node-1","securityContext":{},"schedulerName":"default-scheduler",
"tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute",
"tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,
"lastTransitionTime":"2026-01-02T03:04:09Z"},{"type":"PodScheduled","status":"True","lastProbeTime":null,
"lastTransitionTime":"2026-01-02T03:04:05Z"}],"hostIP":"10.0.0.1","podIP":"10.42.0.7","podIPs":
[{"ip":"10.42.0.7"}],"startTime":"2026-01-02T03:04:05Z","containerStatuses":[{"name":"web","state":
{"running":{"startedAt":"2026-01-02T03:04:08Z"}},"lastState":{},"ready":true,"restartCount":0,
"image":"docker.io/library/nginx:1.25","imageID":"docker.io/library/nginx@sha256:0a1b2c3d",
"containerID":"containerd://0123456789abcdef","started":true}],"qosClass":"Burstable"}})";

const Message& PodMessage() { return *Schema::Kubernetes().FindMessage("v1", "Pod"); }

json::Value Pod() { return *Canonicalize(PodMessage(), *ParseJson(kPod)); }

void ParseText(benchmark::State& state) {
  const std::string text = ToJson(Pod());
  for (auto _ : state) benchmark::DoNotOptimize(ParseJson(text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(ParseText);

void WriteText(benchmark::State& state) {
  const json::Value pod = Pod();
  size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = ToJson(pod);
    bytes += text.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(WriteText);

void ParseAndMakeCanonical(benchmark::State& state) {
  const std::string text = ToJson(Pod());
  for (auto _ : state) benchmark::DoNotOptimize(Canonicalize(PodMessage(), *ParseJson(text)));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(ParseAndMakeCanonical);

void FindFaults(benchmark::State& state) {
  const std::string text = ToJson(Pod());
  for (auto _ : state) benchmark::DoNotOptimize(FindFieldFaults(&PodMessage(), text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(FindFaults);

void ProtobufEncode(benchmark::State& state) {
  const json::Value pod = Pod();
  size_t bytes = 0;
  for (auto _ : state) bytes += EncodeObject(Schema::Kubernetes(), pod.get_object())->size();
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(ProtobufEncode);

void ProtobufDecode(benchmark::State& state) {
  const std::string bytes = *EncodeObject(Schema::Kubernetes(), Pod().get_object());
  for (auto _ : state) benchmark::DoNotOptimize(DecodeObject(Schema::Kubernetes(), bytes));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(ProtobufDecode);

void PatchStrategically(benchmark::State& state) {
  const json::Value pod = Pod();
  const json::Value patch =
      *ParseJson(R"({"spec":{"containers":[{"name":"web","image":"nginx:1.26"}]}})");
  for (auto _ : state) benchmark::DoNotOptimize(StrategicMergePatch(PodMessage(), pod, patch));
}
BENCHMARK(PatchStrategically);

void UpdateManagedFields(benchmark::State& state) {
  const FieldOwnership fields(PodMessage(), "v1");
  const json::Object live =
      fields.Update(fields.Nothing(), Pod().get_object(), {"creator", "", ""});
  json::Object changed = live;
  changed["spec"].as_object()["nodeName"] = "node-2";
  for (auto _ : state) {
    benchmark::DoNotOptimize(fields.Update(live, changed, {"kubelet", "2026-01-02T03:04:05Z", ""}));
  }
}
BENCHMARK(UpdateManagedFields);

void ApplyServerSide(benchmark::State& state) {
  const FieldOwnership fields(PodMessage(), "v1");
  const json::Object live =
      fields.Update(fields.Nothing(), Pod().get_object(), {"creator", "", ""});
  const json::Value configuration = *ParseJson(
      R"({"apiVersion":"v1","metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"web","image":"i"}]}})");
  FieldOwnershipOptions options{"helm", "2026-01-02T03:04:05Z", ""};
  options.force = true;
  for (auto _ : state) {
    benchmark::DoNotOptimize(fields.Apply(live, configuration.get_object(), options));
  }
}
BENCHMARK(ApplyServerSide);

void ReadTheSchema(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Schema::Parse(KubernetesSchemaText(), ResourceNamesText()));
  }
}
BENCHMARK(ReadTheSchema)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvplane::api

BENCHMARK_MAIN();
