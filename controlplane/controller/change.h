// Change: what happened to an object, as an informer tells it. Its documents are read from their
// text when first asked for, once for all who are told.
//
// Thread safety: none; a change is told on one thread.
//
//   if (change.deleted()) …
//   kinds::Text(change.document(), {"spec", "nodeName"})
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/json.h"
#include "registry/stored_object.h"

namespace kvplane::controller {

namespace json = api::json;
using registry::StoredObjectPtr;

class Change {
 public:
  // Either may be null: it was not there before, or is gone.
  Change(std::string_view key, StoredObjectPtr before, StoredObjectPtr after)
      : key_(key), before_(std::move(before)), after_(std::move(after)) {}

  const std::string& key() const { return key_; }  // "namespace/name", or "name"
  bool added() const { return before_ == nullptr; }
  bool deleted() const { return after_ == nullptr; }
  const StoredObjectPtr& before() const { return before_; }
  const StoredObjectPtr& after() const { return after_; }

  // As it is, or was last.
  const json::Object& document() const { return deleted() ? old_document() : new_document(); }
  // Empty where it was not there.
  const json::Object& old_document() const { return Read(before_, old_document_); }

 private:
  const json::Object& new_document() const { return Read(after_, new_document_); }
  static const json::Object& Read(const StoredObjectPtr& object,
                                  std::optional<json::Object>& document) {
    if (!document.has_value()) document = object == nullptr ? json::Object() : object->Parse();
    return *document;
  }

  const std::string key_;
  const StoredObjectPtr before_;
  const StoredObjectPtr after_;
  mutable std::optional<json::Object> old_document_;
  mutable std::optional<json::Object> new_document_;
};

}  // namespace kvplane::controller
