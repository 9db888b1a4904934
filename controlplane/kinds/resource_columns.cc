#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr Column kNameAndAge[] = {kNameColumn, kAgeColumn};

// "configmaps: 1/10, pods: 0/100" of those resources whose names begin with "limits", or of the
// others.
json::Value QuotaCell(const json::Object& quota, bool limits) {
  std::vector<std::string> parts;
  if (const json::Object* hard = FindObject(quota, {"status", "hard"})) {
    for (const auto& member : *hard) {
      const std::string_view name = json::View(member.key());
      if (name.starts_with("limits") != limits) continue;
      const json::Value* used = Find(quota, {"status", "used", name});
      parts.push_back(
          Concat(name, ": ", used == nullptr ? "0" : Plain(*used), "/", Plain(member.value())));
    }
  }
  std::ranges::sort(parts);
  return ValueOf(kvshim::base::Join(parts, ", "));
}

constexpr Column kQuotas[] = {
    kNameColumn,
    {"Request", "string", 0, [](const json::Object& object) { return QuotaCell(object, false); }},
    {"Limit", "string", 0, [](const json::Object& object) { return QuotaCell(object, true); }},
    kAgeColumn,
};

constexpr Column kPodTemplates[] = {
    kNameColumn,
    {"Containers", "string", 0,
     [](const json::Object& object) {
       return ContainerCell(FindObject(object, {"template", "spec"}), "name");
     }},
    {"Images", "string", 0,
     [](const json::Object& object) {
       return ContainerCell(FindObject(object, {"template", "spec"}), "image");
     }},
    {"Pod Labels", "string", 0,
     [](const json::Object& object) {
       return LabelsCell(FindObject(object, {"template", "metadata", "labels"}));
     }},
};

// "statefulset.apps/db"
json::Value ControllerCell(const json::Object& object) {
  json::Value cell = "<none>";
  ForEach(object, {"metadata", "ownerReferences"}, [&](const json::Object& owner) {
    if (!True(owner, {"controller"})) return;
    std::string kind(Text(owner, {"kind"}));
    std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string_view version = Text(owner, {"apiVersion"});
    const size_t slash = version.find('/');
    if (slash != std::string_view::npos) kind = Concat(kind, ".", version.substr(0, slash));
    cell = ValueOf(Concat(kind, "/", Text(owner, {"name"})));
  });
  return cell;
}

constexpr Column kRevisions[] = {
    kNameColumn,
    {"Controller", "string", 0, ControllerCell},
    {"Revision", "string", 0,
     [](const json::Object& object) { return json::Value(Integer(object, {"revision"})); }},
    kAgeColumn,
};

constexpr Column kRuntimeClasses[] = {
    kNameColumn,
    {"Handler", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"handler"}), ""); }},
    kAgeColumn,
};

// "services/default/kubernetes"
json::Value ParentCell(const json::Object& address) {
  const json::Object* parent = FindObject(address, {"spec", "parentRef"});
  if (parent == nullptr) return "";
  std::string out(Text(*parent, {"resource"}));
  for (const char* member : {"group", "namespace", "name"}) {
    const std::string_view text = Text(*parent, {member});
    if (text.empty()) continue;
    out += Concat(std::string_view(member) == "group" ? "." : "/", text);
  }
  return ValueOf(out);
}

constexpr Column kAddresses[] = {kNameColumn, {"ParentRef", "string", 0, ParentCell}};

std::string JoinTexts(const json::Array* texts) {
  std::vector<std::string> parts;
  if (texts != nullptr) {
    for (const json::Value& text : *texts) parts.push_back(Plain(text));
  }
  return kvshim::base::Join(parts, ",");
}

constexpr Column kServiceRanges[] = {
    kNameColumn,
    {"CIDRs", "string", 0,
     [](const json::Object& object) {
       return ValueOf(JoinTexts(FindArray(object, {"spec", "cidrs"})));
     }},
    kAgeColumn,
};

json::Value TokenRequests(const json::Object& driver) {
  if (!Has(driver, {"spec", "tokenRequests"})) return "<unset>";
  std::vector<std::string> audiences;
  ForEach(driver, {"spec", "tokenRequests"}, [&](const json::Object& request) {
    audiences.emplace_back(Text(request, {"audience"}));
  });
  return ValueOf(kvshim::base::Join(audiences, ","));
}

constexpr Column kDrivers[] = {
    kNameColumn,
    {"AttachRequired", "boolean", 0,
     [](const json::Object& object) {
       return json::Value(!Has(object, {"spec", "attachRequired"}) ||
                          True(object, {"spec", "attachRequired"}));
     }},
    {"PodInfoOnMount", "boolean", 0,
     [](const json::Object& object) {
       return json::Value(True(object, {"spec", "podInfoOnMount"}));
     }},
    {"StorageCapacity", "boolean", 0,
     [](const json::Object& object) {
       return json::Value(True(object, {"spec", "storageCapacity"}));
     }},
    {"TokenRequests", "string", 0, TokenRequests},
    {"RequiresRepublish", "boolean", 0,
     [](const json::Object& object) {
       return json::Value(True(object, {"spec", "requiresRepublish"}));
     }},
    {"Modes", "string", 0,
     [](const json::Object& object) {
       return TextCell(JoinTexts(FindArray(object, {"spec", "volumeLifecycleModes"})));
     }},
    kAgeColumn,
};

constexpr Column kStorageNodes[] = {
    kNameColumn,
    {"Drivers", "integer", 0,
     [](const json::Object& object) {
       const json::Array* drivers = FindArray(object, {"spec", "drivers"});
       return json::Value(drivers == nullptr ? int64_t{0} : static_cast<int64_t>(drivers->size()));
     }},
    kAgeColumn,
};

constexpr Column kAttachments[] = {
    kNameColumn,
    {"Attacher", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "attacher"}), ""); },
     "name"},
    {"PV", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "source", "persistentVolumeName"}), "");
     }},
    {"Node", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "nodeName"}), ""); }},
    {"Attached", "boolean", 0,
     [](const json::Object& object) { return json::Value(True(object, {"status", "attached"})); }},
    kAgeColumn,
};

constexpr Column kVolumeClasses[] = {
    kNameColumn,
    {"DriverName", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"driverName"}), ""); }},
    kAgeColumn,
};

// "pending", or "allocated,reserved"
json::Value ClaimState(const json::Object& claim) {
  std::string out;
  const auto add = [&](std::string_view state) {
    out.append(out.empty() ? "" : ",").append(state);
  };
  const bool deleted = Has(claim, {"metadata", "deletionTimestamp"});
  if (deleted) add("deleted");
  if (Has(claim, {"status", "allocation"})) {
    add("allocated");
  } else if (!deleted) {
    add("pending");
  }
  const json::Array* reserved = FindArray(claim, {"status", "reservedFor"});
  if (reserved != nullptr && !reserved->empty()) add("reserved");
  return ValueOf(out);
}

constexpr Column kDeviceClaims[] = {kNameColumn, {"State", "string", 0, ClaimState}, kAgeColumn};

constexpr Column kSlices[] = {
    kNameColumn,
    {"Node", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "nodeName"}), "<unset>");
     }},
    {"Driver", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "driver"}), ""); }},
    {"Pool", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "pool", "name"}), "");
     }},
    kAgeColumn,
};

struct Entry {
  std::string_view group;
  std::string_view plural;
  std::span<const Column> columns;
};

constexpr std::string_view kStorage = "storage.k8s.io";
constexpr std::string_view kDevices = "resource.k8s.io";

constexpr Entry kEntries[] = {
    {"", "serviceaccounts", kNameAndAge},
    {"", "resourcequotas", kQuotas},
    {"", "podtemplates", kPodTemplates},
    {"apps", "controllerrevisions", kRevisions},
    {"node.k8s.io", "runtimeclasses", kRuntimeClasses},
    {"networking.k8s.io", "ipaddresses", kAddresses},
    {"networking.k8s.io", "servicecidrs", kServiceRanges},
    {kStorage, "csidrivers", kDrivers},
    {kStorage, "csinodes", kStorageNodes},
    {kStorage, "volumeattachments", kAttachments},
    {kStorage, "volumeattributesclasses", kVolumeClasses},
    {kDevices, "deviceclasses", kNameAndAge},
    {kDevices, "resourceclaimtemplates", kNameAndAge},
    {kDevices, "resourceclaims", kDeviceClaims},
    {kDevices, "resourceslices", kSlices},
};

}  // namespace

std::span<const Column> ResourceColumns(const Kind& kind) {
  for (const Entry& entry : kEntries) {
    if (entry.group == kind.group && entry.plural == kind.plural) return entry.columns;
  }
  return {};
}

}  // namespace kvplane::kinds
