// Slots: the values of one object by its message's slots, and the object that Kubernetes would
// write for them: members in the order of the type, without what is empty and may be left out, with
// what must not be.
//
// A null stands for a value that is missing.
//
// Thread safety: none.
//
//   Slots slots(message);
//   slots[message.Find("name")] = "web";
//   json::Object object = slots.TakeObject();
#pragma once

#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "api/json.h"
#include "api/message.h"

namespace kvplane::api {

class Slots {
 public:
  explicit Slots(const Message& message) : message_(message), values_(message.slots.size()) {}

  json::Value& operator[](size_t slot) { return values_[slot]; }
  json::Value* data() { return values_.data(); }

  // Leaves the slots empty.
  json::Object TakeObject();

 private:
  const Message& message_;
  absl::InlinedVector<json::Value, 24> values_;
};

// What an object of the message is where nothing is set.
json::Object EmptyObject(const Message& message);

}  // namespace kvplane::api
