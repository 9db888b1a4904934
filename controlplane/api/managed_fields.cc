#include "api/managed_fields.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/quote.h"
#include "api/timestamp.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

constexpr size_t kMostUpdaters = 10;

std::string Text(const json::Object& object, std::string_view name) {
  const json::Value* value = json::Find(object, name);
  return value != nullptr && value->is_string() ? std::string(json::View(value->get_string())) : "";
}

const json::Array* EntriesOf(const json::Object& object) {
  const json::Value* metadata = json::Find(object, "metadata");
  if (metadata == nullptr || !metadata->is_object()) return nullptr;
  const json::Value* entries = json::Find(metadata->get_object(), "managedFields");
  return entries != nullptr && entries->is_array() ? &entries->get_array() : nullptr;
}

int64_t Seconds(const std::string& time) {
  const auto parsed = ParseTimestamp(time);
  return parsed.ok() ? parsed->seconds : 0;
}

json::Object EntryOf(const FieldOwner& owner, const OwnedFields& owned) {
  json::Object entry;
  entry.emplace("manager", json::ToBoost(owner.manager));
  entry.emplace("operation", owner.applies ? "Apply" : "Update");
  entry.emplace("apiVersion", json::ToBoost(owned.api_version));
  if (!owned.time.empty()) entry.emplace("time", json::ToBoost(owned.time));
  entry.emplace("fieldsType", "FieldsV1");
  entry.emplace("fieldsV1", owned.fields.ToJson());
  if (!owner.subresource.empty()) {
    entry.emplace("subresource", json::ToBoost(owner.subresource));
  }
  return entry;
}

}  // namespace

std::string FieldOwner::ToString() const {
  std::string out = Quoted(manager);
  if (!subresource.empty()) out += Concat(" with subresource ", Quoted(subresource));
  if (!applies) out += Concat(" using ", api_version);
  return out;
}

absl::StatusOr<ManagedFields> ManagedFields::Read(const json::Object& object) {
  ManagedFields managed;
  const json::Array* entries = EntriesOf(object);
  if (entries == nullptr) return managed;
  for (size_t i = 0; i < entries->size(); ++i) {
    if (!(*entries)[i].is_object()) return absl::InvalidArgumentError("an entry is no object");
    const json::Object& entry = (*entries)[i].get_object();
    const std::string operation = Text(entry, "operation");
    if (operation != "Apply" && operation != "Update") {
      return absl::InvalidArgumentError("operation must be `Apply` or `Update`");
    }
    OwnedFields owned;
    owned.api_version = Text(entry, "apiVersion");
    owned.time = Text(entry, "time");
    if (owned.api_version.empty()) {
      return absl::InvalidArgumentError("apiVersion must not be empty");
    }
    const std::string type = Text(entry, "fieldsType");
    if (type != "FieldsV1") {
      return absl::InvalidArgumentError(
          type.empty() ? Concat("missing fieldsType in managed fields entry ", i)
                       : Concat("invalid fieldsType \"", type, "\" in managed fields entry ", i));
    }
    if (const json::Value* fields = json::Find(entry, "fieldsV1");
        fields != nullptr && !fields->is_null()) {
      ASSIGN_OR_RETURN(owned.fields, FieldSet::FromJson(*fields));
    }
    const FieldOwner owner{.manager = Text(entry, "manager"),
                           .applies = operation == "Apply",
                           .api_version = operation == "Apply" ? "" : owned.api_version,
                           .subresource = Text(entry, "subresource")};
    managed.owners_[owner] = std::move(owned);
  }
  return managed;
}

void ManagedFields::Write(json::Object& object) const {
  RemoveManagedFields(object);
  if (owners_.empty()) return;
  std::vector<Owners::const_iterator> order;
  for (auto owner = owners_.begin(); owner != owners_.end(); ++owner) order.push_back(owner);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::forward_as_tuple(!a->first.applies, Seconds(a->second.time), a->first.manager,
                                 a->second.api_version, a->first.subresource) <
           std::forward_as_tuple(!b->first.applies, Seconds(b->second.time), b->first.manager,
                                 b->second.api_version, b->first.subresource);
  });
  json::Array entries;
  entries.reserve(order.size());
  for (const auto& owner : order) entries.push_back(EntryOf(owner->first, owner->second));
  json::Value& metadata = object["metadata"];
  if (!metadata.is_object()) metadata.emplace_object();
  metadata.get_object().insert_or_assign("managedFields", std::move(entries));
}

void ManagedFields::LimitUpdaters() {
  std::vector<Owners::iterator> updaters;
  for (auto owner = owners_.begin(); owner != owners_.end(); ++owner) {
    if (!owner->first.applies) updaters.push_back(owner);
  }
  if (updaters.size() <= kMostUpdaters) return;
  std::sort(updaters.begin(), updaters.end(), [](const auto& a, const auto& b) {
    return std::pair(Seconds(a->second.time), a->first) <
           std::pair(Seconds(b->second.time), b->first);
  });
  size_t count = updaters.size();
  std::map<std::string, Owners::iterator> first_of_version;
  for (const auto& updater : updaters) {
    if (count <= kMostUpdaters) break;
    const std::string version = updater->second.api_version;
    const auto first = first_of_version.find(version);
    if (first == first_of_version.end()) {
      first_of_version.emplace(version, updater);
      continue;
    }
    const FieldOwner bucket{.manager = "ancient-changes", .api_version = version};
    if (!owners_.contains(bucket)) {
      owners_[bucket] = first->second->second;
      owners_.erase(first->second);
    }
    OwnedFields& together = owners_[bucket];
    together.fields = updater->second.fields.Union(together.fields);
    together.time = updater->second.time;
    owners_.erase(updater);
    --count;
  }
}

bool AsksToResetManagedFields(const json::Object& object) {
  const json::Array* entries = EntriesOf(object);
  if (entries == nullptr) return false;
  return entries->empty() ||
         (entries->size() == 1 && (*entries)[0].is_object() && (*entries)[0].get_object().empty());
}

void RemoveManagedFields(json::Object& object) {
  json::Value* metadata = json::Find(object, "metadata");
  if (metadata == nullptr || !metadata->is_object()) return;
  json::Object& members = metadata->get_object();
  if (const auto found = members.find("managedFields"); found != members.end()) {
    members.stable_erase(found);
  }
}

}  // namespace kvplane::api
