#include "controller/pod_template.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "controller/controller_reference.h"
#include "kinds/members.h"

namespace kvplane::controller {

using kinds::Text;
using kvshim::base::Concat;

json::Object PodFromTemplate(const json::Object& owner) {
  json::Object metadata{
      {"generateName", Concat(Text(owner, {"metadata", "name"}), "-").c_str()},
      {"namespace", json::ToBoost(Text(owner, {"metadata", "namespace"}))},
      {"ownerReferences", json::Array{ControllerReference(owner)}},
  };
  for (const std::string_view name : {"labels", "annotations", "finalizers"}) {
    if (const json::Value* value = kinds::Find(owner, {"spec", "template", "metadata", name})) {
      kinds::Set(metadata, name, *value);
    }
  }
  json::Object pod{{"metadata", std::move(metadata)}};
  if (const json::Value* spec = kinds::Find(owner, {"spec", "template", "spec"})) {
    pod["spec"] = *spec;
  }
  return pod;
}

std::string TemplateHash(const json::Value& value, int64_t collisions) {
  uint32_t hash = 2166136261U;  // FNV-1a
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  };
  add(api::ToJson(value));
  if (collisions > 0) add(std::to_string(collisions));
  // No vowels, so that no word comes of it.
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string text = std::to_string(hash);
  for (char& c : text) c = kLetters[static_cast<unsigned char>(c) % kLetters.size()];
  return text;
}

int64_t CountOf(const json::Value* share, int64_t total, bool round_up) {
  if (share == nullptr) return 0;
  if (share->is_int64()) return share->get_int64();
  if (share->is_uint64()) return static_cast<int64_t>(share->get_uint64());
  const std::string text = kinds::Plain(*share);
  int64_t percent = 0;
  std::from_chars(text.data(), text.data() + text.size(), percent);
  return (percent * total + (round_up ? 99 : 0)) / 100;
}

}  // namespace kvplane::controller
