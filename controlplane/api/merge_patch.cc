#include "api/merge_patch.h"

namespace kvplane::api {

void MergePatch(json::Value& document, const json::Value& patch) {
  if (!patch.is_object()) {
    document = patch;
    return;
  }
  if (!document.is_object()) document.emplace_object();
  json::Object& object = document.get_object();
  for (const auto& member : patch.get_object()) {
    const auto found = object.find(member.key());
    if (!member.value().is_null()) {
      json::Value& into = found != object.end() ? found->value() : object[member.key()];
      MergePatch(into, member.value());
    } else if (found != object.end()) {
      object.stable_erase(found);
    }
  }
}

}  // namespace kvplane::api
