// Rules of custom resources in CEL: what they refuse, and what of a definition is refused.
#include <string>
#include <string_view>

#include "api/json.h"
#include "api/structural_schema.h"
#include "base/strings.h"
#include "kinds/rule_validation.h"
#include "kinds/schema_rules.h"

namespace kvplane::kinds {
namespace {

namespace json = api::json;
using kvshim::base::Concat;

json::Object Parse(std::string_view text) {
  auto parsed = api::ParseJson(text);
  EXPECT_TRUE(parsed.ok() && parsed->is_object()) << parsed.status() << text;
  return parsed.ok() && parsed->is_object() ? parsed->get_object() : json::Object();
}

std::string Listed(const FieldErrors& errors) {
  std::string out;
  for (const FieldError& error : errors) out += (out.empty() ? "" : "\n") + error.ToString();
  return out;
}

// An object with that specification's schema.
json::Object SchemaOf(std::string_view spec) {
  return Parse(Concat(R"({"type":"object","properties":{"spec":)", spec, "}}"));
}

std::string Errors(std::string_view spec_schema, std::string_view spec,
                   std::string_view old_spec = "") {
  const auto schema = api::StructuralSchema::Read(SchemaOf(spec_schema));
  const auto rules = SchemaRules::Compile(schema);
  EXPECT_NE(rules, nullptr);
  const auto object = [](std::string_view of) {
    return Parse(
        Concat(R"({"apiVersion":"x/v1","kind":"X","metadata":{"name":"x"},"spec":)", of, "}"));
  };
  const json::Object now = object(spec);
  const json::Object before = old_spec.empty() ? json::Object() : object(old_spec);
  FieldErrors errors;
  rules->Validate(now, old_spec.empty() ? nullptr : &before, errors);
  return Listed(errors);
}

std::string Faults(std::string_view spec_schema) {
  FieldErrors errors;
  ValidateRules(SchemaOf(spec_schema), "schema", errors);
  return Listed(errors);
}

TEST(Rules, NoneAreCompiledWhereThereAreNone) {
  const auto schema = api::StructuralSchema::Read(SchemaOf(R"({"type":"string"})"));
  EXPECT_EQ(SchemaRules::Compile(schema), nullptr);
}

TEST(Rules, TellWhatTheyAreToldToTell) {
  const auto schema = [](std::string_view more) {
    return Concat(R"({"type":"object","properties":{"n":{"type":"integer"}},)",
                  R"("x-kubernetes-validations":[{"rule":"self.n < 3")", more, "}]}");
  };
  EXPECT_EQ(Errors(schema(""), R"({"n":2})"), "");
  EXPECT_EQ(Errors(schema(""), R"({"n":3})"), "spec: Invalid value: failed rule: self.n < 3");
  EXPECT_EQ(Errors(schema(R"(,"message":" too many ")"), R"({"n":3})"),
            "spec: Invalid value: too many");
  EXPECT_EQ(Errors(schema(R"-(,"messageExpression":"'not ' + string(self.n)","message":"m")-"),
                   R"({"n":3})"),
            "spec: Invalid value: not 3");
  // One that fails, or says nothing, leaves it to the message.
  EXPECT_EQ(Errors(schema(R"-(,"messageExpression":"string(1 / (self.n - 3))","message":"m")-"),
                   R"({"n":3})"),
            "spec: Invalid value: m");
  EXPECT_EQ(Errors(schema(R"(,"messageExpression":"' '","message":"m")"), R"({"n":3})"),
            "spec: Invalid value: m");
  EXPECT_EQ(Errors(schema(R"(,"fieldPath":".n","reason":"FieldValueForbidden")"), R"({"n":3})"),
            "spec.n: Forbidden: failed rule: self.n < 3");
  EXPECT_EQ(Errors(schema(R"(,"reason":"FieldValueRequired")"), R"({"n":3})"),
            "spec: Required value: failed rule: self.n < 3");
  EXPECT_EQ(Errors(schema(R"(,"reason":"FieldValueDuplicate")"), R"({"n":3})"),
            "spec: Duplicate value");
}

TEST(Rules, ErrorsOfTheirOwnNameThem) {
  EXPECT_EQ(
      Errors(R"({"type":"object","properties":{"n":{"type":"integer"}},)"
             R"("x-kubernetes-validations":[{"rule":"self.n > 0"},{"rule":"1 / self.n > 0"}]})",
             R"({"n":0})"),
      "spec: Invalid value: failed rule: self.n > 0\n"
      "spec: Invalid value: \"object\": division by zero evaluating rule: 1 / self.n > 0");
  EXPECT_EQ(Errors(R"({"type":"object","properties":{"n":{"type":"integer"}},)"
                   R"("x-kubernetes-validations":[{"rule":"self.n > 0"}]})",
                   "{}"),
            "spec: Invalid value: \"object\": no such key: n evaluating rule: self.n > 0");
  EXPECT_EQ(Errors(R"({"x-kubernetes-int-or-string":true,)"
                   R"("x-kubernetes-validations":[{"rule":"self > 5"}]})",
                   R"("x")"),
            "spec: Invalid value: \"\": 'no such overload': call arguments did not match a "
            "supported operator, function or macro signature for rule: self > 5");
}

TEST(Rules, StandAtMembersAndElements) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{
        "list":{"type":"array","items":{"type":"string",
          "x-kubernetes-validations":[{"rule":"self != 'b'"}]}},
        "map":{"type":"object","additionalProperties":{"type":"integer",
          "x-kubernetes-validations":[{"rule":"self > 0"}]}}}})";
  EXPECT_EQ(Errors(kSchema, R"({"list":["a","b"],"map":{"x/y":0,"z":1}})"),
            "spec.list[1]: Invalid value: \"b\": failed rule: self != 'b'\n"
            "spec.map[x/y]: Invalid value: 0: failed rule: self > 0");
  // Null is no value.
  EXPECT_EQ(Errors(kSchema, R"({"list":null,"map":{"z":null}})"), "");
}

TEST(Rules, OfTransitionsNeedSomethingBefore) {
  constexpr std::string_view kSchema =
      R"-({"type":"object","properties":{
        "n":{"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf"}]},
        "m":{"type":"integer","x-kubernetes-validations":[{"optionalOldSelf":true,
          "rule":"self >= oldSelf.orValue(10)"}]}}})-";
  EXPECT_EQ(Errors(kSchema, R"({"n":1})"), "");
  EXPECT_EQ(Errors(kSchema, R"({"n":1})", "{}"), "");
  EXPECT_EQ(Errors(kSchema, R"({"n":1})", R"({"n":2})"),
            "spec.n: Invalid value: 1: failed rule: self >= oldSelf");
  EXPECT_EQ(Errors(kSchema, R"({"n":3})", R"({"n":2})"), "");
  EXPECT_EQ(Errors(kSchema, R"({"m":1})"),
            "spec.m: Invalid value: 1: failed rule: self >= oldSelf.orValue(10)");
  EXPECT_EQ(Errors(kSchema, R"({"m":11})"), "");
  EXPECT_EQ(Errors(kSchema, R"({"m":1})", R"({"m":1})"), "");
}

TEST(Rules, WhatHasNotChangedMayBreakThem) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{
        "a":{"type":"string","x-kubernetes-validations":[{"rule":"self != 'x'"}]},
        "set":{"type":"array","items":{"type":"string",
          "x-kubernetes-validations":[{"rule":"self != 'x'"}]}}}})";
  EXPECT_EQ(Errors(kSchema, R"({"a":"x"})", R"({"a":"x","b":1})"), "");
  EXPECT_EQ(Errors(kSchema, R"({"a":"x"})", R"({"a":"y"})"),
            "spec.a: Invalid value: \"x\": failed rule: self != 'x'");
  // Elements without keys are as their list is.
  EXPECT_EQ(Errors(kSchema, R"({"set":["x"],"a":"1"})", R"({"set":["x"],"a":"2"})"), "");
  EXPECT_EQ(Errors(kSchema, R"({"set":["x","y"]})", R"({"set":["x"]})"),
            "spec.set[0]: Invalid value: \"x\": failed rule: self != 'x'");
}

TEST(Rules, ThatTakeTooLongAreStopped) {
  constexpr std::string_view kRule =
      "lists.range(3000).all(a, lists.range(3000).all(b, a + b >= 0))";
  EXPECT_EQ(Errors(Concat(R"({"type":"string","x-kubernetes-validations":[{"rule":")", kRule,
                          R"("},{"rule":"false"}]})"),
                   R"("x")"),
            Concat("spec: Invalid value: \"string\": 'operation cancelled: actual cost limit "
                   "exceeded': no further validation rules will be run due to call cost exceeds "
                   "limit for rule: ",
                   kRule));
}

TEST(RuleValidation, NamesWhatDoesNotCompile) {
  EXPECT_EQ(Faults(R"({"type":"object","properties":{"n":{"type":"integer"}},)"
                   R"("x-kubernetes-validations":[{"rule":"self.m > 0"}]})"),
            "schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: "
            "{\"Rule\":\"self.m \\u003e 0\",\"Message\":\"\",\"MessageExpression\":\"\","
            "\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: "
            "ERROR: <input>:1:5: undefined field 'm'\n | self.m > 0\n | ....^");
}

TEST(RuleValidation, RefusesOldValuesOfWhatCannotBeFoundAgain) {
  constexpr std::string_view kItems =
      R"("items":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf"}]})";
  EXPECT_EQ(Faults(Concat(R"({"type":"array",)", kItems, "}")),
            "schema.properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: "
            "\"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the "
            "schema within schema.properties[spec]");
  EXPECT_EQ(Faults(R"({"type":"string","x-kubernetes-validations":)"
                   R"([{"rule":"self != ''","optionalOldSelf":true}]})"),
            "schema.properties[spec].x-kubernetes-validations[0].optionalOldSelf: Invalid value: "
            "true: may not be set if oldSelf is not used in rule");
}

TEST(RuleValidation, WhatNothingIsKnownOfCannotBeNamed) {
  EXPECT_NE(Faults(R"({"type":"object","properties":)"
                   R"({"any":{"x-kubernetes-preserve-unknown-fields":true}},)"
                   R"-("x-kubernetes-validations":[{"rule":"has(self.any)"}]})-")
                .find("undefined field 'any'"),
            std::string::npos);
}

}  // namespace
}  // namespace kvplane::kinds
