// ServiceBackends: which pods are behind which services, and by which ports: what Endpoints and
// EndpointSlices tell.
//
// Thread safety: every method may be called from any thread; it is made before informers start.
//
//   ServiceBackends backends(informers);
//   backends.OnChange([&](const std::string& service) { queue.Add(service); });
//   for (const Backend& backend : backends.Of(service)) …
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "api/label_selector.h"
#include "base/mutex.h"
#include "controller/informers.h"

namespace kvplane::controller {

// A port of a service as one of its pods has it.
struct BackendPort {
  std::string name;
  int64_t port = 0;
  std::string protocol;
  std::string app_protocol;
  auto operator<=>(const BackendPort&) const = default;
};

struct Backend {
  json::Object pod;
  std::vector<BackendPort> ports;  // those that the pod has
  bool ready = false;              // as its condition says
  bool terminating = false;

  // Of the family, "" where the pod has none.
  std::string Address(std::string_view family) const;
};

class ServiceBackends {
 public:
  explicit ServiceBackends(Informers& informers);

  // Is told the key of a service when it or one of its pods changes.
  void OnChange(std::function<void(const std::string& service)> listener);

  // Pods that have an address and have not ended, by name.
  std::vector<Backend> Of(const json::Object& service) const;

  Informer& services() { return services_; }

 private:
  void HearService(const Change& change);
  void HearPod(const Change& change);
  // Those of the pod's namespace that select it.
  std::vector<std::string> Selecting(const std::string& pod, const json::Object& labels) const;

  Informer& services_;
  Informer& pods_;
  std::vector<std::function<void(const std::string&)>> listeners_;
  mutable kvshim::base::Mutex mutex_;
  std::map<std::string, api::LabelSelector> selectors_ GUARDED_BY(mutex_);  // by services' keys
};

// "IPv4", "IPv6": those that the service is of.
std::vector<std::string> FamiliesOf(const json::Object& service);
bool HasSelector(const json::Object& service);
bool IsHeadless(const json::Object& service);
// What a pod is called in an endpoint.
json::Object PodReference(const json::Object& pod);
// A pod of this service by its own host name; empty where it has none here.
std::string_view HostnameIn(const json::Object& pod, const json::Object& service);

}  // namespace kvplane::controller
