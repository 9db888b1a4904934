#include "requests.h"

#include "base/strings.h"

namespace kvshim::bench {
namespace {

using base::Concat;

std::string WithBody(std::string_view verb, std::string_view path, std::string_view type,
                     std::string_view body) {
  return Concat(verb, " ", path,
                " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
                "Content-Type: ",
                type, "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

}  // namespace

std::string Get(std::string_view path, std::string_view accept) {
  return Concat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ", accept, "\r\n\r\n");
}

std::string Create(std::string_view path, std::string_view object) {
  return WithBody("POST", path, kJson, object);
}

std::string Patch(std::string_view path, std::string_view patch) {
  return WithBody("PATCH", path, kMergePatch, patch);
}

std::string Pod(std::string_view name) {
  return Concat(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")", name,
      R"(","labels":{"app":"web","tier":"front","pod-template-hash":"66748cc645"}},)"
      R"("spec":{"containers":[{"name":"web","image":"registry.example.org/shop/web:1",)"
      R"("ports":[{"name":"http","containerPort":8080}],)"
      R"("env":[{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},)"
      R"({"name":"LOG_LEVEL","value":"info"}],)"
      R"("resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"}},)"
      R"("readinessProbe":{"httpGet":{"path":"/ready","port":"http"},"periodSeconds":5},)"
      R"("volumeMounts":[{"name":"settings","mountPath":"/etc/web"}]}],)"
      R"("volumes":[{"name":"settings","configMap":{"name":"web"}}]}})");
}

std::string ConfigMap(std::string_view name, size_t bytes) {
  return Concat(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")", name,
                R"("},"data":{"value":")", std::string(bytes, 'x'), R"("}})");
}

std::string Named(std::string_view kind, std::string_view name) {
  return Concat(R"({"apiVersion":"v1","kind":")", kind, R"(","metadata":{"name":")", name,
                R"("}})");
}

std::string RunningPod(uint64_t number) {
  return Concat(
      R"({"status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"10.42.0.7",)"
      R"("startTime":"2026-01-01T00:00:00Z","conditions":[{"type":"Ready","status":"True",)"
      R"("lastTransitionTime":"2026-01-01T00:00:01Z"}],"containerStatuses":[{"name":"web",)"
      R"("image":"registry.example.org/shop/web:1","imageID":"sha256:0","ready":true,)"
      R"("restartCount":)",
      number, R"(,"state":{"running":{"startedAt":"2026-01-01T00:00:01Z"}}}]}})");
}

}  // namespace kvshim::bench
