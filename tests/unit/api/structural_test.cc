#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/field_ownership.h"
#include "api/json.h"
#include "api/json_path.h"
#include "api/structural_document.h"
#include "api/structural_schema.h"

namespace kvplane::api {
namespace {

json::Object Parse(std::string_view text) {
  auto parsed = ParseJson(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status() << text;
  return parsed.ok() && parsed->is_object() ? parsed->get_object() : json::Object();
}

StructuralSchema SchemaOf(std::string_view text) { return StructuralSchema::Read(Parse(text)); }

constexpr std::string_view kSchema = R"({
  "type":"object",
  "properties":{
    "spec":{"type":"object","properties":{
      "a":{"type":"string","default":"x"},
      "list":{"type":"array","items":{"type":"object","properties":{"b":{"type":"integer","default":7}}}},
      "map":{"type":"object","additionalProperties":{"type":"object","properties":{"c":{"type":"string"}}}},
      "any":{"type":"object","x-kubernetes-preserve-unknown-fields":true,
             "properties":{"known":{"type":"object","properties":{"d":{"type":"string"}}}}},
      "nullable":{"type":"string","nullable":true,"default":"y"},
      "object":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}
    }}}})";

TEST(StructuralSchema, ReadsWhatIsThereAndWhatMustHold) {
  const StructuralSchema schema = SchemaOf(
      R"({"type":"object","required":["a"],"properties":{"a":{"type":"integer","minimum":1,"maximum":9,
          "exclusiveMaximum":true,"enum":[1,2],"nullable":true},"b":{"x-kubernetes-int-or-string":true},
          "c":{"type":"string","pattern":"^x+$","maxLength":3,"format":"uri"},
          "l":{"type":"array","maxItems":2,"x-kubernetes-list-type":"map",
               "x-kubernetes-list-map-keys":["k"],"items":{"type":"object"}}}})");
  EXPECT_TRUE(schema.embedded);
  EXPECT_EQ(schema.required, std::vector<std::string>{"a"});
  const StructuralSchema& a = *schema.Property("a");
  EXPECT_EQ(a.type, "integer");
  EXPECT_EQ(a.minimum, 1);
  EXPECT_TRUE(a.exclusive_maximum && a.nullable && !a.embedded);
  EXPECT_EQ(a.choices.size(), 2u);
  EXPECT_TRUE(schema.Property("b")->int_or_string);
  EXPECT_NE(schema.Property("c")->expression, nullptr);
  EXPECT_EQ(schema.Property("l")->list_type, ListType::kMap);
  EXPECT_EQ(schema.Property("l")->list_keys, std::vector<std::string>{"k"});
  EXPECT_EQ(schema.Property("none"), nullptr);
}

TEST(Prune, TakesOutWhatTheSchemaDoesNotKnow) {
  struct Case {
    std::string_view given;
    std::string_view kept;
    std::vector<std::string> unknown;
  };
  const Case cases[] = {
      {R"({"kind":"A","apiVersion":"b/v1","metadata":{"name":"x"},"spec":{"a":"1"}})",
       R"({"kind":"A","apiVersion":"b/v1","metadata":{"name":"x"},"spec":{"a":"1"}})",
       {}},
      {R"({"spec":{"a":"1","z":1},"more":{}})", R"({"spec":{"a":"1"}})", {"more", "spec.z"}},
      {R"({"spec":{"list":[{"b":1},{"b":2,"z":3}]}})",
       R"({"spec":{"list":[{"b":1},{"b":2}]}})",
       {"spec.list[1].z"}},
      {R"({"spec":{"map":{"k":{"c":"1","z":1}}}})",
       R"({"spec":{"map":{"k":{"c":"1"}}}})",
       {"spec.map.k.z"}},
      {R"({"spec":{"any":{"z":{"y":1},"known":{"d":"1","z":1}}}})",
       R"({"spec":{"any":{"z":{"y":1},"known":{"d":"1"}}}})",
       {"spec.any.known.z"}},
      {R"({"spec":{"object":{"kind":"A","metadata":{"name":"x"},"spec":{},"z":1}}})",
       R"({"spec":{"object":{"kind":"A","metadata":{"name":"x"},"spec":{}}}})",
       {"spec.object.z"}},
  };
  const StructuralSchema schema = SchemaOf(kSchema);
  for (const Case& one : cases) {
    json::Object document = Parse(one.given);
    EXPECT_EQ(Prune(schema, document), one.unknown);
    EXPECT_EQ(json::Value(document), json::Value(Parse(one.kept))) << one.given;
  }
}

TEST(SchemaDefaults, AreSetWhereSomethingIsMissing) {
  struct Case {
    std::string_view given;
    std::string_view whole;
  };
  const Case cases[] = {
      {R"({})", R"({})"},
      {R"({"spec":{}})", R"({"spec":{"a":"x","nullable":"y"}})"},
      {R"({"spec":{"a":null,"nullable":null}})", R"({"spec":{"a":"x","nullable":null}})"},
      {R"({"spec":{"a":"z","nullable":"n","list":[{},{"b":1},{"b":null}]}})",
       R"({"spec":{"a":"z","nullable":"n","list":[{"b":7},{"b":1},{"b":7}]}})"},
      {R"({"spec":{"a":"z","nullable":"n","map":null}})", R"({"spec":{"a":"z","nullable":"n"}})"},
  };
  const StructuralSchema schema = SchemaOf(kSchema);
  for (const Case& one : cases) {
    json::Object document = Parse(one.given);
    SetSchemaDefaults(schema, document);
    EXPECT_EQ(json::Value(document), json::Value(Parse(one.whole))) << one.given;
  }
}

TEST(StructuralMetadata, IsThatOfEveryObject) {
  const StructuralSchema schema = SchemaOf(kSchema);
  json::Object document = Parse(
      R"({"metadata":{"name":"x","unheard":1},"spec":{"object":{"metadata":{"labels":{},"z":1}}}})");
  ASSERT_TRUE(MakeMetadataCanonical(schema, document).ok());
  EXPECT_EQ(json::Value(document),
            json::Value(Parse(R"({"metadata":{"name":"x"},"spec":{"object":{"metadata":{}}}})")));
  document = Parse(R"({"metadata":{"labels":{"a":1}}})");
  EXPECT_FALSE(MakeMetadataCanonical(schema, document).ok());
}

TEST(JsonPath, LeadsToWhatItNames) {
  const json::Object document = Parse(
      R"({"spec":{"n":3,"a.b":"dotted","list":[{"t":"A","s":"1","p":80},{"t":"B","s":"2","p":90}]},
          "metadata":{"labels":{"x/y":"z"}}})");
  struct Case {
    std::string_view path;
    std::string_view found;  // JSON of everything it leads to
  };
  const Case cases[] = {
      {".spec.n", "[3]"},
      {".spec.none.n", "[]"},
      {".spec['a.b']", R"(["dotted"])"},
      {R"(.spec.a\.b)", R"(["dotted"])"},
      {".metadata.labels['x/y']", R"(["z"])"},
      {".spec.list[0].t", R"(["A"])"},
      {".spec.list[-1].t", R"(["B"])"},
      {".spec.list[*].t", R"(["A","B"])"},
      {".spec.list[0:1].t", R"(["A"])"},
      {".spec.list[?(@.t==\"B\")].s", R"(["2"])"},
      {".spec.list[?(@.t=='B')].s", R"(["2"])"},
      {".spec.list[?(@.p>80)].s", R"(["2"])"},
      {".spec.list[?(@.none)].s", "[]"},
      {"..t", R"(["A","B"])"},
  };
  for (const Case& one : cases) {
    const auto path = JsonPath::Parse(one.path);
    ASSERT_TRUE(path.ok()) << one.path << path.status();
    json::Array found;
    for (const json::Value* value : path->All(document)) found.push_back(*value);
    EXPECT_EQ(ToJson(found), one.found) << one.path;
  }
  EXPECT_FALSE(JsonPath::Parse(".a[").ok());
  EXPECT_FALSE(JsonPath::Parse(".a[x]").ok());
}

TEST(FieldOwnership, FollowsTheListsOfASchema) {
  const StructuralSchema schema = SchemaOf(
      R"({"type":"object","properties":{"spec":{"type":"object","properties":{
          "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                   "items":{"type":"object","properties":{"name":{"type":"string"},"port":{"type":"integer"}}}},
          "args":{"type":"array","items":{"type":"string"}}}}}})");
  const FieldOwnership fields(schema, "Thing", "example.com/v1");
  const auto apply = [&](const json::Object& live, std::string_view manager,
                         std::string_view text) {
    FieldOwnershipOptions options;
    options.manager = manager;
    options.now = "2026-01-02T03:04:05Z";
    return fields.Apply(live, Parse(text), options);
  };
  const auto one = apply(fields.Nothing(), "one", R"({"apiVersion":"example.com/v1","kind":"Thing",
      "spec":{"ports":[{"name":"a","port":1}],"args":["x"]}})");
  ASSERT_TRUE(one.ok()) << one.status();
  const auto two = apply(one->object, "two", R"({"apiVersion":"example.com/v1","kind":"Thing",
      "spec":{"ports":[{"name":"b","port":2}]}})");
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_TRUE(two->conflicts.empty());
  EXPECT_EQ(two->object.at("spec").at("ports").as_array().size(), 2u);
  const auto three = apply(two->object, "two", R"({"apiVersion":"example.com/v1","kind":"Thing",
      "spec":{"args":["y"]}})");
  ASSERT_TRUE(three.ok()) << three.status();
  ASSERT_EQ(three->conflicts.size(), 1u);
  EXPECT_EQ(three->conflicts[0].field, ".spec.args");
  EXPECT_FALSE(apply(one->object, "two", R"({"apiVersion":"example.com/v1","kind":"Thing",
      "spec":{"unheard":1}})")
                   .ok());
}

}  // namespace
}  // namespace kvplane::api
