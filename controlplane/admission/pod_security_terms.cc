#include "admission/pod_security_terms.h"

namespace kvplane::admission::pod_security {

std::string_view Plural(size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? one : many;
}
std::string Name(const std::vector<std::string>& containers) {
  return Concat(Plural(containers.size(), "container", "containers"), " ", JoinQuoted(containers));
}

std::vector<std::string> Bad(const Pod& pod,
                             const std::function<bool(const json::Object&)>& is_bad) {
  std::vector<std::string> names;
  ForEachContainer(pod.spec, [&](const json::Object& container) {
    if (is_bad(container)) names.emplace_back(Text(container, {"name"}));
  });
  return names;
}

std::string Setters(const Pod& pod, const std::function<bool(const json::Object&)>& is_bad) {
  std::vector<std::string> setters;
  const json::Object* own = kinds::FindObject(pod.spec, {"securityContext"});
  if (own != nullptr && is_bad(*own)) setters.emplace_back("pod");
  const auto containers = Bad(pod, [&](const json::Object& container) {
    const json::Object* context = kinds::FindObject(container, {"securityContext"});
    return context != nullptr && is_bad(*context);
  });
  if (!containers.empty()) setters.push_back(Name(containers));
  return Join(setters, " and ");
}

std::vector<std::string> Adding(const Pod& pod, const std::set<std::string_view>& allowed,
                                Words& added) {
  return Bad(pod, [&](const json::Object& container) {
    bool bad = false;
    const json::Array* add =
        kinds::FindArray(container, {"securityContext", "capabilities", "add"});
    if (add == nullptr) return false;
    for (const json::Value& one : *add) {
      const std::string name = kinds::Plain(one);
      if (allowed.contains(name)) continue;
      added.insert(name);
      bad = true;
    }
    return bad;
  });
}

namespace {

bool HasBadSeccomp(const json::Object& context) {
  if (!kinds::Has(context, {"seccompProfile"})) return false;
  const std::string_view type = Text(context, {"seccompProfile", "type"});
  return type != "RuntimeDefault" && type != "Localhost";
}

}  // namespace

Found BadSeccomp(const Pod& pod) {
  Words types;
  const std::string setters = Setters(pod, [&](const json::Object& context) {
    if (!HasBadSeccomp(context)) return false;
    types.emplace(Text(context, {"seccompProfile", "type"}));
    return true;
  });
  if (setters.empty()) return std::nullopt;
  return Violation{
      "seccompProfile",
      Concat(setters, " must not set securityContext.seccompProfile.type to ", JoinQuoted(types))};
}

}  // namespace kvplane::admission::pod_security
