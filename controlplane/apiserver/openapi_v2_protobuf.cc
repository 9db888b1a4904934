// OpenAPI 2 in protobuf: gnostic's openapi.v2.Document. Messages are written from their end, and so
// are the members of each.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "api/wire.h"
#include "apiserver/openapi_v2.h"
#include "apiserver/yaml.h"
#include "kinds/members.h"

namespace kvplane::apiserver {

namespace json = api::json;

namespace {

using kinds::FindArray;
using kinds::FindObject;
using kinds::Text;

// How a member of a JSON object is written.
enum class Form : uint8_t {
  kText,
  kTexts,
  kBool,
  kInteger,
  kDouble,
  kAny,
  kAnys,
  kType,
  kSchema,
  kItems,
  kAdditional,
  kProperties,
};
struct Member {
  uint32_t number;
  std::string_view name;
  Form form;
};

constexpr Member kSchema[] = {{1, "$ref", Form::kText},
                              {2, "format", Form::kText},
                              {3, "title", Form::kText},
                              {4, "description", Form::kText},
                              {5, "default", Form::kAny},
                              {6, "multipleOf", Form::kDouble},
                              {7, "maximum", Form::kDouble},
                              {8, "exclusiveMaximum", Form::kBool},
                              {9, "minimum", Form::kDouble},
                              {10, "exclusiveMinimum", Form::kBool},
                              {11, "maxLength", Form::kInteger},
                              {12, "minLength", Form::kInteger},
                              {13, "pattern", Form::kText},
                              {14, "maxItems", Form::kInteger},
                              {15, "minItems", Form::kInteger},
                              {16, "uniqueItems", Form::kBool},
                              {17, "maxProperties", Form::kInteger},
                              {18, "minProperties", Form::kInteger},
                              {19, "required", Form::kTexts},
                              {20, "enum", Form::kAnys},
                              {21, "additionalProperties", Form::kAdditional},
                              {22, "type", Form::kType},
                              {23, "items", Form::kItems},
                              {25, "properties", Form::kProperties},
                              {30, "example", Form::kAny}};
constexpr uint32_t kSchemaExtension = 31;

constexpr Member kQueryParameter[] = {
    {1, "required", Form::kBool}, {2, "in", Form::kText},   {3, "description", Form::kText},
    {4, "name", Form::kText},     {6, "type", Form::kText}, {20, "uniqueItems", Form::kBool}};
constexpr Member kPathParameter[] = {
    {1, "required", Form::kBool}, {2, "in", Form::kText},   {3, "description", Form::kText},
    {4, "name", Form::kText},     {5, "type", Form::kText}, {19, "uniqueItems", Form::kBool}};
constexpr Member kBodyParameter[] = {{1, "description", Form::kText},
                                     {2, "name", Form::kText},
                                     {3, "in", Form::kText},
                                     {4, "required", Form::kBool},
                                     {5, "schema", Form::kSchema}};
constexpr Member kInfo[] = {{1, "title", Form::kText}, {2, "version", Form::kText}};

class Encoder {
 public:
  std::string Document(const json::Object& document) {
    Named(9, 1, FindObject(document, {"definitions"}),
          [this](uint32_t number, const json::Value& one) { Schema(number, one); });
    Named(8, 2, FindObject(document, {"paths"}),
          [this](uint32_t number, const json::Value& one) { PathItem(number, one.get_object()); });
    Object(2, kInfo, document.at("info").get_object());
    writer_.String(1, Text(document, {"swagger"}));
    return writer_.Take();
  }

 private:
  // A message `number` with a repeated message `entry` of names and values, each written by `each`.
  template <typename Function>
  void Named(uint32_t number, uint32_t entry, const json::Object* object, const Function& each) {
    if (object == nullptr) return;
    const size_t before = writer_.size();
    for (auto it = object->end(); it != object->begin();) {
      --it;
      const size_t start = writer_.size();
      each(2, it->value());
      writer_.String(1, json::View(it->key()));
      writer_.EndMessage(entry, start);
    }
    writer_.EndMessage(number, before);
  }

  void PathItem(uint32_t number, const json::Object& item) {
    constexpr std::pair<uint32_t, std::string_view> kOperations[] = {
        {8, "patch"}, {5, "delete"}, {4, "post"}, {3, "put"}, {2, "get"}};
    const size_t before = writer_.size();
    Parameters(9, item);
    for (const auto& [field, name] : kOperations) {
      if (const json::Object* operation = FindObject(item, {name})) Operation(field, *operation);
    }
    writer_.EndMessage(number, before);
  }

  void Operation(uint32_t number, const json::Object& operation) {
    const size_t before = writer_.size();
    Extensions(13, operation);
    const size_t responses = writer_.size();
    if (const json::Object* all = FindObject(operation, {"responses"})) {
      for (const auto& one : *all) Response(json::View(one.key()), one.value().get_object());
    }
    writer_.EndMessage(9, responses);
    Parameters(8, operation);
    Texts(7, json::Find(operation, "consumes"));
    Texts(6, json::Find(operation, "produces"));
    writer_.String(5, Text(operation, {"operationId"}));
    writer_.EndMessage(number, before);
  }

  void Response(std::string_view code, const json::Object& response) {
    const size_t named = writer_.size();
    const size_t value = writer_.size();
    const size_t one = writer_.size();
    if (const json::Value* schema = json::Find(response, "schema")) {
      const size_t item = writer_.size();
      Schema(1, *schema);
      writer_.EndMessage(2, item);
    }
    writer_.String(1, Text(response, {"description"}));
    writer_.EndMessage(1, one);
    writer_.EndMessage(2, value);
    writer_.String(1, code);
    writer_.EndMessage(1, named);
  }

  void Parameters(uint32_t number, const json::Object& from) {
    const json::Array* all = FindArray(from, {"parameters"});
    if (all == nullptr) return;
    for (auto it = all->rbegin(); it != all->rend(); ++it) {
      const json::Object& parameter = it->get_object();
      const size_t item = writer_.size();
      const size_t one = writer_.size();
      const std::string_view in = Text(parameter, {"in"});
      if (in == "body") {
        Object(1, kBodyParameter, parameter);
      } else {
        const size_t plain = writer_.size();
        if (in == "path") {
          Object(4, kPathParameter, parameter);
        } else {
          Object(3, kQueryParameter, parameter);
        }
        writer_.EndMessage(2, plain);
      }
      writer_.EndMessage(1, one);
      writer_.EndMessage(number, item);
    }
  }

  void Schema(uint32_t number, const json::Value& value) {
    const json::Object* schema = value.if_object();
    if (schema == nullptr) return;
    const size_t before = writer_.size();
    Extensions(kSchemaExtension, *schema);
    Members(kSchema, *schema);
    writer_.EndMessage(number, before);
  }

  template <size_t N>
  void Object(uint32_t number, const Member (&members)[N], const json::Object& object) {
    const size_t before = writer_.size();
    Members(members, object);
    writer_.EndMessage(number, before);
  }

  template <size_t N>
  void Members(const Member (&members)[N], const json::Object& object) {
    for (size_t i = N; i-- > 0;) {
      if (const json::Value* value = json::Find(object, members[i].name)) {
        Write(members[i], *value);
      }
    }
  }

  void Write(const Member& member, const json::Value& value) {
    switch (member.form) {
      case Form::kText:
        if (value.is_string()) writer_.String(member.number, json::View(value.get_string()));
        return;
      case Form::kTexts:
        return Texts(member.number, &value);
      case Form::kBool:
        if (value.is_bool() && value.get_bool()) writer_.Varint(member.number, 1);
        return;
      case Form::kInteger:
        if (value.is_int64()) {
          writer_.Varint(member.number, static_cast<uint64_t>(value.get_int64()));
        }
        return;
      case Form::kDouble: {
        if (!value.is_number()) return;
        const auto number = value.to_number<double>();
        uint64_t bits;
        static_assert(sizeof(bits) == sizeof(number));
        std::memcpy(&bits, &number, sizeof(bits));
        return writer_.Fixed64(member.number, bits);
      }
      case Form::kAny:
        return Any(member.number, value);
      case Form::kAnys:
        if (const json::Array* all = value.if_array()) {
          for (auto it = all->rbegin(); it != all->rend(); ++it) Any(member.number, *it);
        }
        return;
      case Form::kType: {
        const size_t before = writer_.size();
        writer_.String(1, kinds::Plain(value));
        return writer_.EndMessage(member.number, before);
      }
      case Form::kSchema:
        return Schema(member.number, value);
      case Form::kItems: {
        const size_t before = writer_.size();
        Schema(1, value);
        return writer_.EndMessage(member.number, before);
      }
      case Form::kAdditional: {
        const size_t before = writer_.size();
        Schema(1, value);
        if (value.is_bool()) writer_.Varint(2, value.get_bool() ? 1 : 0);
        return writer_.EndMessage(member.number, before);
      }
      case Form::kProperties:
        return Named(member.number, 1, value.if_object(),
                     [this](uint32_t number, const json::Value& one) { Schema(number, one); });
    }
  }

  void Texts(uint32_t number, const json::Value* value) {
    const json::Array* all = value == nullptr ? nullptr : value->if_array();
    if (all == nullptr) return;
    for (auto it = all->rbegin(); it != all->rend(); ++it) {
      if (it->is_string()) writer_.String(number, json::View(it->get_string()));
    }
  }

  // Any value goes as the text of its YAML.
  void Any(uint32_t number, const json::Value& value) {
    const size_t before = writer_.size();
    writer_.String(2, ToYaml(value));
    writer_.EndMessage(number, before);
  }

  void Extensions(uint32_t number, const json::Object& object) {
    for (auto it = object.end(); it != object.begin();) {
      --it;
      const std::string_view name = json::View(it->key());
      if (!name.starts_with("x-")) continue;
      const size_t before = writer_.size();
      Any(2, it->value());
      writer_.String(1, name);
      writer_.EndMessage(number, before);
    }
  }

  api::WireWriter writer_;
};

}  // namespace

std::string EncodeOpenapiV2(const json::Object& document) { return Encoder().Document(document); }

}  // namespace kvplane::apiserver
