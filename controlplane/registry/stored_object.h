// StoredObject: one version of one object as the watch cache holds it: its JSON, what selectors
// look at, and each form that it has been written in, so that it is encoded once however many ask.
//
// Thread safety: immutable but for the forms, which a lock guards.
//
//   auto object = StoredObject::Make(kind, std::move(document), key);
//   object->Form("table", [&] { return EncodeRow(object->json()); });
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "base/mutex.h"
#include "kinds/kind.h"

namespace kvplane::registry {

namespace json = api::json;

class StoredObject;
using StoredObjectPtr = std::shared_ptr<const StoredObject>;

class StoredObject {
 public:
  // From a value of the store.
  static absl::StatusOr<StoredObjectPtr> Read(const kinds::Kind& kind, std::string_view key,
                                              std::string_view value, int64_t revision);
  // The same object where another revision is to be told with it: that of its deletion.
  StoredObjectPtr AtRevision(int64_t revision) const;

  const std::string& key() const { return key_; }
  int64_t revision() const { return revision_; }
  // In the version that is stored, resourceVersion included.
  const std::string& json() const { return json_; }
  const json::Object& labels() const { return labels_; }
  // In the order of kinds::SelectableFields.
  const std::vector<std::string>& fields() const { return fields_; }

  // The document again.
  json::Object Parse() const;

  // What `encode` returned when this form was first asked for.
  const std::string& Form(std::string_view name,
                          const std::function<std::string(const StoredObject&)>& encode) const;

  // A form that was made elsewhere: null where there is none yet.
  const std::string* FindForm(std::string_view name) const;
  const std::string& KeepForm(std::string_view name, std::string form) const;

  size_t memory() const { return sizeof(*this) + key_.size() + json_.size(); }

 private:
  StoredObject() = default;

  std::string key_;
  int64_t revision_ = 0;
  std::string json_;
  json::Object labels_;
  std::vector<std::string> fields_;
  mutable kvshim::base::Mutex mutex_;
  mutable std::map<std::string, std::string, std::less<>> forms_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::registry
