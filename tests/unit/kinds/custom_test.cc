#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "api/structural_schema.h"
#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/conversion.h"
#include "kinds/definition.h"
#include "kinds/definition_status.h"
#include "kinds/definition_validation.h"
#include "kinds/kind.h"
#include "kinds/members.h"
#include "kinds/schema_validation.h"
#include "kinds/selectable_fields.h"
#include "kinds/spec_validation.h"
#include "kinds/string_format.h"
#include "kinds/validation.h"

namespace kvplane::kinds {
namespace {

using kvshim::base::Concat;

json::Object Parse(std::string_view text) {
  auto parsed = api::ParseJson(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status() << text;
  return parsed.ok() && parsed->is_object() ? parsed->get_object() : json::Object();
}

std::string Listed(const FieldErrors& errors) {
  std::string out;
  for (const FieldError& error : errors) out += (out.empty() ? "" : "\n") + error.ToString();
  return out;
}

// A definition with `schema` for spec, accepted and established.
json::Object DefinitionOf(std::string_view schema, std::string_view more_of_version = "") {
  return Parse(Concat(
      R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
          "metadata":{"name":"things.example.com","uid":"u","generation":1},
          "spec":{"group":"example.com","scope":"Namespaced",
            "names":{"plural":"things","singular":"thing","kind":"Thing","listKind":"ThingList"},
            "versions":[{"name":"v1","served":true,"storage":true)",
      more_of_version, R"(,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":)",
      schema,
      R"(}}}}]},"status":{"storedVersions":["v1"],"conditions":[],
          "acceptedNames":{"plural":"things","singular":"thing","kind":"Thing","listKind":"ThingList"}}})"));
}

struct ValueCase {
  std::string_view schema;
  std::string_view value;
  std::string_view errors;
};

TEST(SchemaValidation, SaysWhatKubernetesSays) {
  const ValueCase cases[] = {
      {R"({"type":"integer"})", R"(3)", ""},
      {R"({"type":"integer"})", R"(3.0)", ""},
      {R"({"type":"number"})", R"(3)", ""},
      {R"({"type":"integer"})", R"("x")",
       R"(spec: Invalid value: "string": spec in body must be of type integer: "string")"},
      {R"({"type":"string"})", "null",
       R"(spec: Invalid value: "null": spec in body must be of type string: "null")"},
      {R"({"type":"string","nullable":true})", "null", ""},
      {R"({"x-kubernetes-int-or-string":true})", R"("80%")", ""},
      {R"({"x-kubernetes-int-or-string":true})", "true",
       R"(spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean")"},
      {R"({"type":"string","enum":["b","a"]})", R"("c")",
       R"(spec: Unsupported value: "c": supported values: "b", "a")"},
      {R"({"type":"string","pattern":"^a+$"})", R"("b")",
       R"(spec: Invalid value: "b": spec in body should match '^a+$')"},
      {R"({"type":"string","maxLength":2})", R"("äöü")",
       "spec: Too long: may not be more than 2 bytes"},
      {R"({"type":"string","maxLength":3,"minLength":3})", R"("äöü")", ""},
      {R"({"type":"string","minLength":2})", R"("a")",
       R"(spec: Invalid value: "a": spec in body should be at least 2 chars long)"},
      {R"({"type":"integer","minimum":1})", "0",
       "spec: Invalid value: 0: spec in body should be greater than or equal to 1"},
      {R"({"type":"integer","minimum":1,"exclusiveMinimum":true})", "1",
       "spec: Invalid value: 1: spec in body should be greater than 1"},
      {R"({"type":"number","maximum":1.5})", "2",
       "spec: Invalid value: 2: spec in body should be less than or equal to 1.5"},
      {R"({"type":"number","maximum":2,"exclusiveMaximum":true})", "2",
       "spec: Invalid value: 2: spec in body should be less than 2"},
      {R"({"type":"integer","multipleOf":5})", "7",
       "spec: Invalid value: 7: spec in body should be a multiple of 5"},
      {R"({"type":"array","items":{"type":"string"},"maxItems":1})", R"(["a","b"])",
       "spec: Too many: 2: must have at most 1 item"},
      {R"({"type":"array","items":{"type":"string"},"minItems":2})", R"(["a"])",
       "spec: Invalid value: 1: spec in body should have at least 2 items"},
      {R"({"type":"array","items":{"type":"string"}})", R"(["a",1])",
       R"(spec[1]: Invalid value: "integer": spec[1] in body must be of type string: "integer")"},
      {R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"}}})", "{}",
       "spec.a: Required value"},
      {R"({"type":"object","maxProperties":1,"additionalProperties":{"type":"string"}})",
       R"({"a":"1","b":"2"})", "spec: Too many: 2: must have at most 1 item"},
      {R"({"type":"object","minProperties":1,"additionalProperties":{"type":"string"}})", "{}",
       "spec: Invalid value: 0: spec in body should have at least 1 properties"},
      {R"({"type":"object","additionalProperties":{"type":"string"}})", R"({"k":1})",
       R"(spec.k: Invalid value: "integer": spec.k in body must be of type string: "integer")"},
      {R"({"type":"string","format":"date-time"})", R"("today")",
       R"(spec: Invalid value: "today": spec in body must be of type date-time: "today")"},
      {R"({"type":"integer","anyOf":[{"maximum":1},{"minimum":9}]})", "5",
       "<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)\n"
       "spec: Invalid value: 5: spec in body should be less than or equal to 1"},
      {R"({"type":"integer","oneOf":[{"maximum":5},{"minimum":1}]})", "3",
       R"(<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). )"
       "Found 2 valid alternatives"},
      {R"({"type":"integer","not":{"maximum":5}})", "3",
       R"(<nil>: Invalid value: "": "spec" must not validate the schema (not))"},
      {R"({"type":"integer","allOf":[{"maximum":5}]})", "3", ""},
  };
  for (const ValueCase& one : cases) {
    FieldErrors errors;
    const auto value = api::ParseJson(one.value);
    ASSERT_TRUE(value.ok());
    ValidateValue(api::StructuralSchema::Read(Parse(one.schema), false), *value, "spec", errors);
    EXPECT_EQ(Listed(errors), one.errors) << one.schema << " " << one.value;
  }
}

TEST(SchemaValidation, TakesWhatHasNotChangedAsItIs) {
  const auto schema = api::StructuralSchema::Read(Parse(
      R"({"type":"object","properties":{"a":{"type":"integer","maximum":1},"b":{"type":"integer","maximum":1}}})"));
  FieldErrors errors;
  const json::Object before = Parse(R"({"a":5,"b":1})");
  ValidateBySchema(schema, Parse(R"({"a":5,"b":6})"), &before, errors);
  EXPECT_EQ(Listed(errors), "b: Invalid value: 6: b in body should be less than or equal to 1");
}

TEST(StringFormat, TellsTextsApart) {
  const std::pair<std::string_view, std::pair<std::string_view, std::string_view>> cases[] = {
      {"uri", {"https://example.com/a", "no uri"}},
      {"email", {"a@example.com", "example.com"}},
      {"hostname", {"www.example.com", "-a"}},
      {"ipv4", {"10.0.0.1", "10.0.0.256"}},
      {"ipv6", {"::1", "10.0.0.1"}},
      {"cidr", {"10.0.0.0/8", "10.0.0.0/33"}},
      {"mac", {"01:23:45:67:89:ab", "01:23"}},
      {"uuid", {"6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b810"}},
      {"uuid4", {"6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}},
      {"isbn10", {"0321751043", "0321751044"}},
      {"isbn13", {"978-0321751041", "978-0321751042"}},
      {"ssn", {"111-22-3333", "111"}},
      {"hexcolor", {"#FFaa00", "#gg"}},
      {"byte", {"YQ==", "?"}},
      {"date", {"2026-01-31", "2026-31-01"}},
      {"date-time", {"2026-01-02T03:04:05Z", "2026-01-02"}},
      {"datetime", {"2026-01-02T03:04:05+01:00", "03:04"}},
      {"duration", {"1h30m", "soon"}},
      {"k8s-short-name", {"a-b", "a.b"}},
  };
  for (const auto& [format, texts] : cases) {
    EXPECT_TRUE(HasFormat(format, texts.first)) << format << " " << texts.first;
    EXPECT_FALSE(HasFormat(format, texts.second)) << format << " " << texts.second;
    EXPECT_TRUE(IsKnownFormat(format, "string")) << format;
  }
  EXPECT_TRUE(HasFormat("unheard-of", "anything"));
  EXPECT_FALSE(IsKnownFormat("unheard-of", "string"));
  EXPECT_TRUE(IsKnownFormat("int32", "integer"));
}

TEST(DefinitionValidation, RefusesSchemasThatAreNotStructural) {
  struct Case {
    std::string_view schema;
    std::string_view error;  // after the schema's place
  };
  const Case cases[] = {
      {R"({"properties":{"a":{"type":"string"}}})",
       ".type: Required value: must not be empty for specified object fields"},
      {R"({"type":"array"})", ".items: Required value: must be specified"},
      {R"({"type":"array","items":{}})",
       ".items.type: Required value: must not be empty for specified array items"},
      {R"({"type":"object","anyOf":[{"properties":{"a":{"minimum":1}}}]})",
       ".properties[a]: Required value: because it is defined in "
       "spec.versions[0].schema.openAPIV3Schema.properties[spec].anyOf[0].properties[a]"},
      {R"({"type":"string","anyOf":[{"type":"string"}]})",
       ".anyOf[0].type: Forbidden: must be empty to be structural"},
      {R"({"type":"string","x-kubernetes-embedded-resource":true})",
       R"(.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true)"},
      {R"({"type":"string","uniqueItems":true})",
       ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity "
       "becomes quadratic"},
      {R"({"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}})",
       ".additionalProperties: Forbidden: additionalProperties and properties are mutual "
       "exclusive"},
      {R"({"type":"string","default":5})",
       R"(.default: Invalid value: "integer": )"
       "spec.versions[0].schema.openAPIV3Schema.properties[spec].default in body must be of type "
       R"(string: "integer")"},
      {R"({"type":"object","properties":{},"default":{"z":1}})",
       R"(.default: Invalid value: {"z":1}: must not have unknown fields)"},
      {R"({"type":"array","items":{"type":"object","properties":{"k":{"type":"string"}}},
           "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]})",
       ".items.properties[k].default: Required value: this property is in "
       "x-kubernetes-list-map-keys, so it must have a default or be a required property"},
      {R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"map"})",
       ".x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type "
       "is map"},
      {R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"bag"})",
       R"(.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "map", "set")"},
      {R"({"type":"thing"})",
       R"(.type: Unsupported value: "thing": supported values: "array", "boolean", "integer", )"
       R"("number", "object", "string")"},
      {R"({"type":"string","pattern":"("})", ".pattern: Invalid value: \"(\": must be a valid"},
      {R"({"type":"object","x-kubernetes-preserve-unknown-fields":false})",
       ".x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"},
  };
  for (const Case& one : cases) {
    FieldErrors errors;
    ValidateDefinition(DefinitionOf(one.schema), nullptr, errors);
    const std::string wanted =
        Concat("spec.versions[0].schema.openAPIV3Schema.properties[spec]", one.error);
    EXPECT_NE(Listed(errors).find(wanted), std::string::npos) << wanted << "\n" << Listed(errors);
  }
  FieldErrors none;
  ValidateDefinition(
      DefinitionOf(R"({"type":"object","properties":{"p":{"x-kubernetes-int-or-string":true,
      "anyOf":[{"type":"integer"},{"type":"string"}]}}})"),
      nullptr, none);
  EXPECT_EQ(Listed(none), "");
}

TEST(DefinitionValidation, RefusesNamesVersionsAndColumnsThatMakeNoSense) {
  struct Case {
    std::string_view from;
    std::string_view to;
    std::string_view error;
  };
  const Case cases[] = {
      {"things.example.com", "x.example.com",
       R"(metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group)"},
      {R"("group":"example.com")", R"("group":"example")",
       R"(spec.group: Invalid value: "example": should be a domain with at least one dot)"},
      {R"("scope":"Namespaced")", R"("scope":"World")",
       R"(spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced")"},
      {R"("kind":"Thing","listKind":"ThingList"},)", R"("kind":"Thing","listKind":"Thing"},)",
       R"(spec.names.listKind: Invalid value: "Thing": kind and listKind may not be the same)"},
      {R"("name":"v1")", R"("name":"1")", R"(spec.versions[0].name: Invalid value: "1")"},
      {R"("storage":true)",
       R"("storage":true,"additionalPrinterColumns":[{"name":"a","type":"x","jsonPath":".a"}])",
       R"(spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "x": must be one of )"
       "boolean,date,integer,number,string"},
      {R"("storage":true)", R"("storage":true,"selectableFields":[{"jsonPath":".spec.none"}])",
       R"(spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec.none": is an invalid path)"},
      {R"("storage":true)",
       R"("storage":true,"subresources":{"scale":{"specReplicasPath":".a","statusReplicasPath":".status.b"}})",
       R"(spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".a": should be a json path under .spec)"},
      {R"("storage":true)", R"("storage":true,"deprecationWarning":"x")",
       R"(spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions)"},
  };
  const std::string good = api::ToJson(json::Value(DefinitionOf(R"({"type":"object"})")));
  for (const Case& one : cases) {
    std::string text = good;
    const size_t at = text.find(one.from);
    ASSERT_NE(at, std::string::npos) << one.from << text;
    text.replace(at, one.from.size(), one.to);
    FieldErrors errors;
    ValidateDefinition(Parse(text), nullptr, errors);
    EXPECT_NE(Listed(errors).find(one.error), std::string::npos) << one.error << "\n"
                                                                 << Listed(errors);
  }
}

TEST(DefinitionStatus, AcceptsNamesThatAreFree) {
  json::Object definition = DefinitionOf(R"({"type":"object"})");
  Remove(definition, "status");
  NamesInUse in_use;
  in_use.Add({.plural = "others", .singular = "other", .kind = "Thing", .list_kind = "Others"});
  AcceptNames(in_use, "2026-01-02T03:04:05Z", definition);
  EXPECT_FALSE(HasCondition(definition, "NamesAccepted"));
  EXPECT_FALSE(HasCondition(definition, "Established"));
  EXPECT_EQ(Text(definition, {"status", "acceptedNames", "plural"}), "things");
  EXPECT_EQ(Text(definition, {"status", "acceptedNames", "kind"}), "");
  AcceptNames({}, "2026-01-02T03:04:06Z", definition);
  EXPECT_TRUE(HasCondition(definition, "NamesAccepted"));
  EXPECT_TRUE(HasCondition(definition, "Established"));
  // What is established stays so, whoever has its names.
  Set(Child(Child(definition, "spec"), "names"), "kind", "Other");
  in_use.kinds = {"Other"};
  AcceptNames(in_use, "2026-01-02T03:04:07Z", definition);
  EXPECT_FALSE(HasCondition(definition, "NamesAccepted"));
  EXPECT_TRUE(HasCondition(definition, "Established"));
  EXPECT_EQ(Text(definition, {"status", "acceptedNames", "kind"}), "Thing");
}

class DefinedKinds : public testing::Test {
 protected:
  void Define(const json::Object& document) {
    definition_ = Definition::Read(document, definition_.get());
    ASSERT_NE(definition_, nullptr);
    kinds_ = Kinds::With({definition_});
  }

  std::shared_ptr<const Definition> definition_;
  std::shared_ptr<const Kinds> kinds_;
};

TEST_F(DefinedKinds, StandBesideTheBuiltInOnes) {
  Define(DefinitionOf(R"({"type":"object"})", R"(,"subresources":{"status":{}})"));
  const Served* served = kinds_->Find("example.com/v1", "things");
  ASSERT_NE(served, nullptr);
  EXPECT_EQ(served, kinds_->FindKind("example.com/v1", "Thing"));
  EXPECT_EQ(served->kind->prefix, "/registry/example.com/things/");
  EXPECT_TRUE(served->kind->has_status);
  EXPECT_EQ(served->resource->subresources.size(), 1u);
  EXPECT_EQ(kinds_->FindPrefix("/registry/example.com/things/"), served->kind);
  EXPECT_EQ(kinds_->Find("v1", "pods"), Kinds::BuiltIn().Find("v1", "pods"));
  EXPECT_EQ(kinds_->kinds().size(), Kinds::BuiltIn().kinds().size() + 1);
  EXPECT_EQ(Kinds::BuiltIn().Find("example.com/v1", "things"), nullptr);
}

TEST_F(DefinedKinds, ShareVersionsWhileTheSpecificationIsTheSame) {
  json::Object document = DefinitionOf(R"({"type":"object"})");
  Define(document);
  const auto before = definition_;
  Set(Child(document, "metadata"), "labels", json::Object{{"a", "b"}});
  Define(document);
  EXPECT_TRUE(definition_->SameObjects(*before));
  Set(Child(document, "metadata"), "generation", 2);
  Define(document);
  EXPECT_FALSE(definition_->SameObjects(*before));
}

TEST_F(DefinedKinds, HaveTheColumnsAndFieldsThatTheyAreGiven) {
  Define(DefinitionOf(
      R"({"type":"object","properties":{"n":{"type":"integer"},"c":{"type":"string"}}})",
      R"(,"selectableFields":[{"jsonPath":".spec.c"}],"additionalPrinterColumns":[
          {"name":"N","type":"integer","jsonPath":".spec.n"},{"name":"C","type":"string","jsonPath":".spec.c","priority":1}])"));
  const Kind& kind = *kinds_->Find("example.com/v1", "things")->kind;
  const json::Object object = Parse(R"({"metadata":{"name":"a"},"spec":{"n":3,"c":"red"}})");
  ASSERT_EQ(ColumnsOf(kind).size(), 3u);
  EXPECT_EQ(ColumnsOf(kind)[1].name, "N");
  EXPECT_EQ(ColumnsOf(kind)[2].priority, 1);
  EXPECT_EQ(api::ToJson(CellsOf(kind, object)), R"(["a",3,"red"])");
  EXPECT_EQ(SelectableFields(kind).back(), "spec.c");
  EXPECT_EQ(SelectableValues(kind, object).back(), "red");
}

TEST_F(DefinedKinds, AreKeptByACopyOfTheirKind) {
  Define(DefinitionOf(R"({"type":"object"})"));
  const Kind kind = *kinds_->Find("example.com/v1", "things")->kind;
  kinds_.reset();
  definition_.reset();
  EXPECT_EQ(kind.version->group_version, "example.com/v1");
  EXPECT_TRUE(Validate(kind, Parse(R"({"metadata":{"name":"a"}})"), nullptr).empty());
}

TEST(Kinds, PreferStableVersionsAndNewOnes) {
  const std::string_view ordered[] = {"v10",     "v2",        "v1",  "v11beta2",
                                      "v3beta1", "v12alpha1", "foo1"};
  for (size_t i = 0; i < std::size(ordered); ++i) {
    for (size_t j = 0; j < std::size(ordered); ++j) {
      EXPECT_EQ(IsPreferredVersion(ordered[i], ordered[j]), i < j) << ordered[i] << ordered[j];
    }
  }
}

}  // namespace
}  // namespace kvplane::kinds
