// Message and Field: what is known of a type of the API, for codecs, validation, patches, apply.
//
// A message is a Go struct and at once a protobuf message. In JSON the fields of an inlined message
// stand beside those of the message that inlines it: `slots` is that flat list, in the order in
// which Kubernetes writes them; a codec gathers the values of one object in an array of as many
// places. An inlined message's own slots are a contiguous part of it, from the slot its wire field
// names.
//
// Names are views of text that must outlive the message.
//
// Thread safety: built once, then immutable.
//
//   const Message& pod = *schema.FindMessage("v1", "Pod");
//   const Field& spec = *pod.slots[pod.Find("spec")];
//   spec.message->Find("containers");
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvplane::api {

struct Message;

enum class Type : uint8_t {
  kBool,
  kInt32,
  kInt64,
  kDouble,
  kString,
  kBytes,            // base64 in JSON
  kTime,             // RFC 3339, whole seconds
  kMicroTime,        // RFC 3339, microseconds
  kDuration,         // Go's "1m30s"
  kIntOrString,      // 80 or "http"
  kQuantity,         // "500m"
  kRaw,              // any JSON; bytes of JSON in protobuf
  kJson,             // the same, of CustomResourceDefinitions
  kFieldsV1,         // managed fields: a JSON object
  kAny,              // any JSON, never in protobuf
  kStrings,          // a list of strings that protobuf wraps in a message
  kSchemaOrArray,    // JSONSchemaProps or a list of them
  kSchemaOrBool,     // or a bool
  kSchemaOrStrings,  // or a list of strings
  kMessage,
};

enum class Shape : uint8_t { kSingle, kList, kMap };
enum class ListType : uint8_t { kAtomic, kSet, kMap };

struct Field {
  std::string_view name;
  uint32_t number = 0;  // 0: in JSON only
  Type type = Type::kString;
  Shape shape = Shape::kSingle;
  bool pointer = false;  // to be there and to be zero are two things
  bool omit_empty = false;
  bool omit_zero = false;
  bool inlined = false;
  bool required = false;
  const Message* message = nullptr;  // of kMessage and kSchemaOr…
  std::string go_type;               // of one element, as in "v1.PodPhase"

  // For server-side apply.
  ListType list_type = ListType::kAtomic;
  bool atomic_map = false;
  std::vector<std::string_view> map_keys;
  std::string_view default_key;  // what the field is, as a key of its list, where it is missing
  // For strategic merge patches.
  bool patch_merge = false;
  bool patch_retain_keys = false;
  bool patch_replace = false;
  std::string_view patch_merge_key;
};

// A field with a number, and its slot; for an inlined message, where its slots begin.
struct WireField {
  const Field* field;
  size_t slot;
};

struct Message {
  std::string_view name;     // "Pod"
  std::string_view package;  // "k8s.io.api.core.v1"
  bool typed = false;        // begins with kind and apiVersion
  bool atomic = false;       // for server-side apply
  std::vector<Field> fields;

  std::vector<const Field*> slots;
  std::vector<WireField> wire;  // ascending by number

  static constexpr int kNotFound = -1;

  // The slot of a name in JSON, or kNotFound.
  int Find(std::string_view field_name) const;
  const WireField* FindNumber(uint32_t number) const;
  std::string GoType() const;    // "v1.Pod"
  std::string FullName() const;  // "k8s.io.api.core.v1.Pod"

  // Fills slots, wire and the index of names from `fields`; those of inlined messages must be
  // filled.
  void Link();
  bool linked() const { return !index_.empty(); }

 private:
  std::vector<uint8_t> index_;  // open addressing: slot + 1, or 0
};

}  // namespace kvplane::api
