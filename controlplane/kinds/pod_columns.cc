#include <string>

#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

bool IsCondition(const json::Object& object, std::string_view type) {
  bool is = false;
  ForEach(object, {"status", "conditions"}, [&](const json::Object& condition) {
    is |= Text(condition, {"type"}) == type && Text(condition, {"status"}) == "True";
  });
  return is;
}

json::Value Ready(const json::Object& pod) {
  int ready = 0;
  ForEach(pod, {"status", "containerStatuses"},
          [&](const json::Object& status) { ready += True(status, {"ready"}) ? 1 : 0; });
  const json::Array* containers = FindArray(pod, {"spec", "containers"});
  const size_t all = containers == nullptr ? 0 : containers->size();
  return json::Value(Concat(ready, '/', all).c_str());
}

// Why a container waits or ended; empty where it runs.
std::string ContainerReason(const json::Object& status) {
  const std::string_view waiting = Text(status, {"state", "waiting", "reason"});
  if (!waiting.empty()) return std::string(waiting);
  const json::Object* ended = FindObject(status, {"state", "terminated"});
  if (ended == nullptr) return {};
  const std::string_view reason = Text(*ended, {"reason"});
  if (!reason.empty()) return std::string(reason);
  const int64_t signal = Integer(*ended, {"signal"});
  return signal != 0 ? Concat("Signal:", signal)
                     : Concat("ExitCode:", Integer(*ended, {"exitCode"}));
}

// The first of the containers that run before the others and has not done its part.
std::string InitReason(const json::Object& pod) {
  std::string reason;
  size_t index = 0;
  const json::Array* all = FindArray(pod, {"spec", "initContainers"});
  ForEach(pod, {"status", "initContainerStatuses"}, [&](const json::Object& status) {
    const size_t at = index++;
    const json::Object* ended = FindObject(status, {"state", "terminated"});
    if (!reason.empty() || (ended != nullptr && Integer(*ended, {"exitCode"}) == 0)) return;
    if (True(status, {"started"})) return;  // a sidecar that runs
    const std::string why = ContainerReason(status);
    const bool plain = why.empty() || why == "PodInitializing";
    reason =
        plain ? Concat("Init:", at, '/', all == nullptr ? 0 : all->size()) : Concat("Init:", why);
  });
  return reason;
}

json::Value Status(const json::Object& pod) {
  std::string reason(Text(pod, {"status", "phase"}));
  if (const std::string_view why = Text(pod, {"status", "reason"}); !why.empty()) reason = why;
  ForEach(pod, {"status", "conditions"}, [&](const json::Object& condition) {
    if (Text(condition, {"type"}) == "PodScheduled" &&
        Text(condition, {"reason"}) == "SchedulingGated") {
      reason = "SchedulingGated";
    }
  });
  if (const std::string init = InitReason(pod); !init.empty()) {
    reason = init;
  } else {
    bool running = false;
    ForEach(pod, {"status", "containerStatuses"}, [&](const json::Object& status) {
      if (const std::string why = ContainerReason(status); !why.empty()) reason = why;
      running |= True(status, {"ready"}) && Has(status, {"state", "running"});
    });
    if (reason == "Completed" && running) {
      reason = IsCondition(pod, "Ready") ? "Running" : "NotReady";
    }
  }
  if (Has(pod, {"metadata", "deletionTimestamp"})) {
    reason = Text(pod, {"status", "reason"}) == "NodeLost" ? "Unknown" : "Terminating";
  }
  return json::Value(reason.c_str());
}

json::Value Restarts(const json::Object& pod) {
  int64_t restarts = 0;
  std::string last;
  ForEach(pod, {"status", "containerStatuses"}, [&](const json::Object& status) {
    restarts += Integer(status, {"restartCount"});
    const std::string_view ended = Text(status, {"lastState", "terminated", "finishedAt"});
    if (ended > last) last = ended;  // times of one format sort as text
  });
  if (restarts == 0 || last.empty()) return json::Value(std::to_string(restarts).c_str());
  return json::Value(Concat(restarts, " (", Since(last), " ago)").c_str());
}

json::Value ReadinessGates(const json::Object& pod) {
  const json::Array* gates = FindArray(pod, {"spec", "readinessGates"});
  if (gates == nullptr || gates->empty()) return "<none>";
  int met = 0;
  ForEach(pod, {"spec", "readinessGates"}, [&](const json::Object& gate) {
    met += IsCondition(pod, Text(gate, {"conditionType"})) ? 1 : 0;
  });
  return json::Value(Concat(met, '/', gates->size()).c_str());
}

constexpr Column kPods[] = {
    kNameColumn,
    {"Ready", "string", 0, Ready},
    {"Status", "string", 0, Status},
    {"Restarts", "string", 0, Restarts},
    kAgeColumn,
    {"IP", "string", 1,
     [](const json::Object& pod) { return TextCell(Text(pod, {"status", "podIP"})); }},
    {"Node", "string", 1,
     [](const json::Object& pod) { return TextCell(Text(pod, {"spec", "nodeName"})); }},
    {"Nominated Node", "string", 1,
     [](const json::Object& pod) { return TextCell(Text(pod, {"status", "nominatedNodeName"})); }},
    {"Readiness Gates", "string", 1, ReadinessGates},
};

json::Value NodeStatus(const json::Object& node) {
  std::string out = "Unknown";
  ForEach(node, {"status", "conditions"}, [&](const json::Object& condition) {
    if (Text(condition, {"type"}) != "Ready") return;
    out = Text(condition, {"status"}) == "True" ? "Ready" : "NotReady";
  });
  if (True(node, {"spec", "unschedulable"})) out += ",SchedulingDisabled";
  return json::Value(out.c_str());
}

json::Value NodeRoles(const json::Object& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::string out;
  if (const json::Object* labels = FindObject(node, {"metadata", "labels"})) {
    for (const auto& label : *labels) {
      const std::string_view key = json::View(label.key());
      std::string role;
      if (key.starts_with(kPrefix)) role = key.substr(kPrefix.size());
      if (key == "kubernetes.io/role") role = Plain(label.value());
      if (!role.empty()) out.append(out.empty() ? "" : ",").append(role);
    }
  }
  return TextCell(out);
}

json::Value NodeAddress(const json::Object& node, std::string_view type) {
  std::string address;
  ForEach(node, {"status", "addresses"}, [&](const json::Object& one) {
    if (address.empty() && Text(one, {"type"}) == type) address = Text(one, {"address"});
  });
  return TextCell(address);
}

json::Value NodeInfo(const json::Object& node, std::string_view name) {
  return TextCell(Text(node, {"status", "nodeInfo", name}), "<unknown>");
}

constexpr Column kNodes[] = {
    kNameColumn,
    {"Status", "string", 0, NodeStatus},
    {"Roles", "string", 0, NodeRoles},
    kAgeColumn,
    {"Version", "string", 0,
     [](const json::Object& node) {
       return TextCell(Text(node, {"status", "nodeInfo", "kubeletVersion"}), "");
     }},
    {"Internal-IP", "string", 1,
     [](const json::Object& node) { return NodeAddress(node, "InternalIP"); }},
    {"External-IP", "string", 1,
     [](const json::Object& node) { return NodeAddress(node, "ExternalIP"); }},
    {"OS-Image", "string", 1, [](const json::Object& node) { return NodeInfo(node, "osImage"); }},
    {"Kernel-Version", "string", 1,
     [](const json::Object& node) { return NodeInfo(node, "kernelVersion"); }},
    {"Container-Runtime", "string", 1,
     [](const json::Object& node) { return NodeInfo(node, "containerRuntimeVersion"); }},
};

json::Value EventSeen(const json::Object& event) {
  std::string_view time = Text(event, {"series", "lastObservedTime"});
  for (const std::string_view name : {"lastTimestamp", "eventTime", "firstTimestamp"}) {
    if (time.empty()) time = Text(event, {name});
  }
  return json::Value(Since(time).c_str());
}

json::Value EventFirst(const json::Object& event) {
  std::string_view time = Text(event, {"firstTimestamp"});
  if (time.empty()) time = Text(event, {"eventTime"});
  return json::Value(Since(time).c_str());
}

json::Value EventObject(const json::Object& event) {
  std::string kind(Text(event, {"involvedObject", "kind"}));
  for (char& c : kind) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return json::Value(Concat(kind, '/', Text(event, {"involvedObject", "name"})).c_str());
}

json::Value EventSource(const json::Object& event) {
  std::string source(Text(event, {"source", "component"}));
  if (source.empty()) source = Text(event, {"reportingComponent"});
  if (const auto host = Text(event, {"source", "host"}); !host.empty()) {
    source.append(", ").append(host);
  }
  return json::Value(source.c_str());
}

constexpr Column kEvents[] = {
    {"Last Seen", "string", 0, EventSeen},
    {"Type", "string", 0,
     [](const json::Object& event) { return TextCell(Text(event, {"type"}), ""); }},
    {"Reason", "string", 0,
     [](const json::Object& event) { return TextCell(Text(event, {"reason"}), ""); }},
    {"Object", "string", 0, EventObject},
    {"Subobject", "string", 1,
     [](const json::Object& event) {
       return TextCell(Text(event, {"involvedObject", "fieldPath"}), "");
     }},
    {"Source", "string", 1, EventSource},
    {"Message", "string", 0,
     [](const json::Object& event) { return TextCell(Text(event, {"message"}), ""); }},
    {"First Seen", "string", 1, EventFirst},
    {"Count", "string", 1,
     [](const json::Object& event) {
       return json::Value(std::to_string(std::max<int64_t>(1, Integer(event, {"count"}))).c_str());
     }},
    {"Name", "string", 1, NameCell, "name"},
};

}  // namespace

std::span<const Column> PodColumns(const Kind& kind) {
  if (!kind.group.empty()) return {};
  if (kind.plural == "pods") return kPods;
  if (kind.plural == "nodes") return kNodes;
  if (kind.plural == "events") return kEvents;
  return {};
}

}  // namespace kvplane::kinds
