#include "controller/service_backends.h"

#include <algorithm>
#include <utility>

#include "controller/conditions.h"
#include "kinds/members.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::MutexLock;

std::string_view NamespaceOf(std::string_view key) { return key.substr(0, key.find('/')); }

// The number that the service's port leads to in this pod; 0 where the pod has no such port.
int64_t TargetPort(const json::Object& pod, const json::Object& port) {
  const json::Value* target = json::Find(port, "targetPort");
  if (target == nullptr) return kinds::Integer(port, {"port"});
  if (!target->is_string()) {
    const int64_t number = kinds::Integer(port, {"targetPort"});
    return number == 0 ? kinds::Integer(port, {"port"}) : number;
  }
  int64_t found = 0;
  const auto look = [&](const json::Object& container) {
    kinds::ForEach(container, {"ports"}, [&](const json::Object& one) {
      const std::string_view protocol = Text(one, {"protocol"});
      if (found == 0 && Text(one, {"name"}) == json::View(target->get_string()) &&
          (protocol.empty() ? "TCP" : protocol) == Text(port, {"protocol"})) {
        found = kinds::Integer(one, {"containerPort"});
      }
    });
  };
  kinds::ForEach(pod, {"spec", "containers"}, look);
  // Sidecars serve, too.
  kinds::ForEach(pod, {"spec", "initContainers"}, [&](const json::Object& container) {
    if (Text(container, {"restartPolicy"}) == "Always") look(container);
  });
  return found;
}

std::vector<BackendPort> PortsOf(const json::Object& pod, const json::Object& service) {
  std::vector<BackendPort> ports;
  kinds::ForEach(service, {"spec", "ports"}, [&](const json::Object& port) {
    const int64_t number = TargetPort(pod, port);
    if (number == 0) return;
    ports.push_back({.name = std::string(Text(port, {"name"})),
                     .port = number,
                     .protocol = std::string(Text(port, {"protocol"})),
                     .app_protocol = std::string(Text(port, {"appProtocol"}))});
  });
  return ports;
}

bool HasEnded(const json::Object& pod) {
  const std::string_view phase = Text(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

std::string Backend::Address(std::string_view family) const {
  std::string address;
  const auto take = [&](std::string_view ip) {
    const bool is_v6 = ip.find(':') != std::string_view::npos;
    if (address.empty() && !ip.empty() && is_v6 == (family == "IPv6")) address = ip;
  };
  kinds::ForEach(pod, {"status", "podIPs"},
                 [&](const json::Object& one) { take(Text(one, {"ip"})); });
  take(Text(pod, {"status", "podIP"}));
  return address;
}

ServiceBackends::ServiceBackends(Informers& informers)
    : services_(informers.Of("v1", "services")), pods_(informers.Of("v1", "pods")) {
  services_.AddHandler([this](const Change& change) { HearService(change); });
  pods_.AddHandler([this](const Change& change) { HearPod(change); });
}

void ServiceBackends::OnChange(std::function<void(const std::string&)> listener) {
  listeners_.push_back(std::move(listener));
}

void ServiceBackends::HearService(const Change& change) {
  {
    MutexLock lock(mutex_);
    const json::Object* selector =
        change.deleted() ? nullptr : kinds::FindObject(change.document(), {"spec", "selector"});
    if (selector == nullptr || selector->empty()) {
      selectors_.erase(change.key());
    } else {
      selectors_.insert_or_assign(change.key(), api::LabelSelector::FromLabels(*selector));
    }
  }
  for (const auto& listener : listeners_) listener(change.key());
}

void ServiceBackends::HearPod(const Change& change) {
  for (const StoredObjectPtr& pod : {change.before(), change.after()}) {
    if (pod == nullptr) continue;
    if (pod == change.after() && change.before() != nullptr &&
        pod->labels() == change.before()->labels()) {
      continue;
    }
    for (const std::string& service : Selecting(change.key(), pod->labels())) {
      for (const auto& listener : listeners_) listener(service);
    }
  }
}

std::vector<std::string> ServiceBackends::Selecting(const std::string& pod,
                                                    const json::Object& labels) const {
  const std::string prefix(NamespaceOf(pod).data(), NamespaceOf(pod).size() + 1);
  std::vector<std::string> services;
  MutexLock lock(mutex_);
  for (auto it = selectors_.lower_bound(prefix);
       it != selectors_.end() && it->first.starts_with(prefix); ++it) {
    if (it->second.Matches(labels)) services.push_back(it->first);
  }
  return services;
}

std::vector<Backend> ServiceBackends::Of(const json::Object& service) const {
  std::vector<Backend> backends;
  const json::Object* wanted = kinds::FindObject(service, {"spec", "selector"});
  if (wanted == nullptr || wanted->empty()) return backends;
  const auto selector = api::LabelSelector::FromLabels(*wanted);
  for (const StoredObjectPtr& stored : pods_.List(Text(service, {"metadata", "namespace"}))) {
    if (!selector.Matches(stored->labels())) continue;
    Backend backend{.pod = stored->Parse()};
    const bool has_address = !Text(backend.pod, {"status", "podIP"}).empty() ||
                             kinds::FindArray(backend.pod, {"status", "podIPs"}) != nullptr;
    if (!has_address || HasEnded(backend.pod)) continue;
    backend.ports = PortsOf(backend.pod, service);
    const json::Object* status = kinds::FindObject(backend.pod, {"status"});
    backend.ready = status != nullptr && IsConditionTrue(*status, "Ready");
    backend.terminating = kinds::Has(backend.pod, {"metadata", "deletionTimestamp"});
    backends.push_back(std::move(backend));
  }
  return backends;
}

std::vector<std::string> FamiliesOf(const json::Object& service) {
  std::vector<std::string> families;
  if (const json::Array* list = kinds::FindArray(service, {"spec", "ipFamilies"})) {
    for (const json::Value& one : *list) families.push_back(kinds::Plain(one));
  }
  if (families.empty()) families.emplace_back("IPv4");
  return families;
}

bool HasSelector(const json::Object& service) {
  const json::Object* selector = kinds::FindObject(service, {"spec", "selector"});
  return selector != nullptr && !selector->empty() &&
         Text(service, {"spec", "type"}) != "ExternalName";
}

bool IsHeadless(const json::Object& service) {
  return Text(service, {"spec", "clusterIP"}) == "None";
}

json::Object PodReference(const json::Object& pod) {
  return {{"kind", "Pod"},
          {"namespace", json::ToBoost(Text(pod, {"metadata", "namespace"}))},
          {"name", json::ToBoost(Text(pod, {"metadata", "name"}))},
          {"uid", json::ToBoost(Text(pod, {"metadata", "uid"}))}};
}

std::string_view HostnameIn(const json::Object& pod, const json::Object& service) {
  const bool is_its =
      Text(pod, {"spec", "subdomain"}) == Text(service, {"metadata", "name"}) &&
      Text(pod, {"metadata", "namespace"}) == Text(service, {"metadata", "namespace"});
  return is_its ? Text(pod, {"spec", "hostname"}) : std::string_view();
}

}  // namespace kvplane::controller
