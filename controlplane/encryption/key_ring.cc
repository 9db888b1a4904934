#include "encryption/key_ring.h"

#include <algorithm>
#include <charconv>

#include "api/base64.h"
#include "api/json.h"
#include "base/status.h"
#include "base/strings.h"
#include "cluster/aes_gcm.h"

namespace kvplane::encryption {
namespace {

using kvshim::base::Concat;
namespace json = api::json;

constexpr std::string_view kPrefix = "k8s:enc:aesgcm:v1:";
constexpr std::string_view kEncrypted = "k8s:enc:";
constexpr std::string_view kKeyName = "aesgcmkey-";

// "aesgcmkey-7" is 7; 0 for another name.
int NumberOf(std::string_view name) {
  int number = 0;
  if (name.starts_with(kKeyName)) {
    std::from_chars(name.data() + kKeyName.size(), name.data() + name.size(), number);
  }
  return number;
}

}  // namespace

bool IsEncrypted(std::string_view stored) { return stored.starts_with(kEncrypted); }

absl::StatusOr<std::string> KeyRing::Encrypt(std::string_view key, std::string_view value) const {
  if (!enabled) return std::string(value);
  ASSIGN_OR_RETURN(const std::string bytes, cluster::EncryptGcm(keys.front().secret, key, value));
  return Concat(kPrefix, keys.front().name, ":", bytes);
}

absl::StatusOr<std::string> KeyRing::Decrypt(std::string_view key, std::string_view stored) const {
  if (!IsEncrypted(stored)) return std::string(stored);
  if (!stored.starts_with(kPrefix)) {
    return absl::DataLossError(
        Concat(key, " is encrypted in a way that this release does not know"));
  }
  stored.remove_prefix(kPrefix.size());
  const std::string_view name = stored.substr(0, stored.find(':'));
  const auto found =
      std::ranges::find_if(keys, [&](const DataKey& one) { return one.name == name; });
  if (found == keys.end()) {
    return absl::NotFoundError(
        Concat(key, " is encrypted with the key ", name, ", which the cluster no longer has"));
  }
  stored.remove_prefix(std::min(name.size() + 1, stored.size()));
  absl::StatusOr<std::string> value = cluster::DecryptGcm(found->secret, key, stored);
  if (value.ok() || !absl::IsPermissionDenied(value.status())) return value;
  return absl::DataLossError(
      Concat(key, " cannot be decrypted: it ", std::string(value.status().message())));
}

bool KeyRing::IsCurrent(std::string_view stored) const {
  return enabled ? stored.starts_with(Concat(kPrefix, keys.front().name, ":"))
                 : !IsEncrypted(stored);
}

absl::StatusOr<KeyRing> KeyRing::Rotated(size_t kept) const {
  int newest = 0;
  for (const DataKey& one : keys) newest = std::max(newest, NumberOf(one.name));
  KeyRing rotated{.enabled = enabled};
  ASSIGN_OR_RETURN(std::string secret, cluster::RandomBytes(cluster::kAesKeyBytes));
  rotated.keys.push_back({Concat(kKeyName, newest + 1), std::move(secret)});
  for (const DataKey& one : keys) {
    if (rotated.keys.size() <= kept) rotated.keys.push_back(one);
  }
  return rotated;
}

std::string KeyRing::ToJson() const {
  json::Array list;
  for (const DataKey& one : keys) {
    list.push_back(json::Object{{"name", json::ToBoost(one.name)},
                                {"secret", json::ToBoost(api::EncodeBase64(one.secret))}});
  }
  return api::ToJson(json::Object{{"enabled", enabled}, {"keys", std::move(list)}});
}

absl::StatusOr<KeyRing> KeyRing::FromJson(std::string_view text) {
  const auto wrong = [] {
    return absl::DataLossError(
        "the keys of the secrets' encryption are in no form that this release knows");
  };
  ASSIGN_OR_RETURN(const json::Value document, api::ParseJson(text));
  if (!document.is_object()) return wrong();
  const json::Value* enabled = json::Find(document.get_object(), "enabled");
  const json::Value* keys = json::Find(document.get_object(), "keys");
  if (enabled == nullptr || !enabled->is_bool() || keys == nullptr || !keys->is_array() ||
      keys->get_array().empty()) {
    return wrong();
  }
  KeyRing ring{.enabled = enabled->get_bool()};
  for (const json::Value& one : keys->get_array()) {
    const json::Value* name = one.is_object() ? json::Find(one.get_object(), "name") : nullptr;
    const json::Value* secret = one.is_object() ? json::Find(one.get_object(), "secret") : nullptr;
    if (name == nullptr || !name->is_string() || secret == nullptr || !secret->is_string()) {
      return wrong();
    }
    ASSIGN_OR_RETURN(std::string bytes, api::DecodeBase64(json::View(secret->get_string())));
    if (bytes.size() != cluster::kAesKeyBytes) return wrong();
    ring.keys.push_back({std::string(json::View(name->get_string())), std::move(bytes)});
  }
  return ring;
}

}  // namespace kvplane::encryption
