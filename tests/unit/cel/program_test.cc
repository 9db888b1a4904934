#include "cel/program.h"

#include <chrono>
#include <string>
#include <vector>

#include "cel/document.h"

namespace kvplane::cel {
namespace {

using Kind = Type::Kind;

TypePtr Dyn() { return SimpleType(Kind::kDyn); }

std::string FaultOf(std::string_view text, const std::vector<Variable>& variables = {}) {
  const auto program = Program::Compile(text, variables);
  return program.ok() ? "" : std::string(program.status().message());
}

Value Evaluated(std::string_view text, int64_t budget = kCallBudget) {
  const auto program = Program::Compile(text, {});
  EXPECT_TRUE(program.ok()) << program.status();
  Budget steps(budget);
  return program->Evaluate({}, steps);
}

TEST(Program, ErrorsPointAtTheirPlace) {
  EXPECT_EQ(FaultOf("1 +\n  'a'"),
            "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n"
            " | 1 +\n"
            " | ..^");
  // Characters count, not bytes.
  EXPECT_EQ(FaultOf("'é' == foo"),
            "ERROR: <input>:1:8: undeclared reference to 'foo' (in container '')\n"
            " | 'é' == foo\n"
            " | .......^");
}

TEST(Program, EveryErrorIsTold) {
  EXPECT_EQ(FaultOf("a && b"),
            "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n"
            " | a && b\n"
            " | ^\n"
            "ERROR: <input>:1:6: undeclared reference to 'b' (in container '')\n"
            " | a && b\n"
            " | .....^");
}

TEST(Program, MembersOfAnObjectAreKnown) {
  const TypePtr type = ObjectType("object", {{"replicas", {"replicas", SimpleType(Kind::kInt)}},
                                             {"x__dash__y", {"x-y", SimpleType(Kind::kString)}}});
  EXPECT_EQ(FaultOf("self.replica > 0", {{"self", type}}),
            "ERROR: <input>:1:5: undefined field 'replica'\n"
            " | self.replica > 0\n"
            " | ....^");
  const auto program =
      Program::Compile("self.replicas == 3 && self.x__dash__y == 'z'", {{"self", type}});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->type()->ToString(), "bool");
  const auto document = api::ParseJson(R"({"replicas":3,"x-y":"z"})");
  Budget budget(kCallBudget);
  EXPECT_TRUE(program->Evaluate({FromJson(*document, type)}, budget).IsTrue());
}

TEST(Program, TextsOfTimesAreTimes) {
  const TypePtr type = ObjectType("object", {{"at", {"at", SimpleType(Kind::kTimestamp)}},
                                             {"on", {"on", SimpleType(Kind::kTimestamp)}},
                                             {"wait", {"wait", SimpleType(Kind::kDuration)}},
                                             {"data", {"data", SimpleType(Kind::kBytes)}}});
  const auto program = Program::Compile(
      "self.at.getFullYear() == 2026 && self.on.getMonth() == 1 && self.wait > duration('59s') && "
      "self.data == b'hi'",
      {{"self", type}});
  ASSERT_TRUE(program.ok()) << program.status();
  const auto document = api::ParseJson(
      R"({"at":"2026-01-02T03:04:05Z","on":"2026-02-03","wait":"1m","data":"aGk="})");
  Budget budget(kCallBudget);
  EXPECT_TRUE(program->Evaluate({FromJson(*document, type)}, budget).IsTrue());
}

TEST(Program, WhichVariablesAreUsedIsKnown) {
  const auto program = Program::Compile("self == 1", {{"self", Dyn()}, {"oldSelf", Dyn()}});
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE(program->Uses(0));
  EXPECT_FALSE(program->Uses(1));
}

TEST(Program, ListsThatAreSetsAreEqualInAnyOrder) {
  auto set = std::make_shared<Type>(*ListType(SimpleType(Kind::kString)));
  set->identity = ListIdentity::kSet;
  const auto program = Program::Compile("a == b && a + b == b && ['z'] + a == ['z', 'x', 'y']",
                                        {{"a", set}, {"b", set}});
  ASSERT_TRUE(program.ok()) << program.status();
  const auto a = api::ParseJson(R"(["x","y"])");
  const auto b = api::ParseJson(R"(["y","x"])");
  Budget budget(kCallBudget);
  EXPECT_TRUE(program->Evaluate({FromJson(*a, set), FromJson(*b, set)}, budget).IsTrue());
}

TEST(Program, ListsOfKeysAreAddedByKey) {
  const TypePtr element = ObjectType("object", {{"name", {"name", SimpleType(Kind::kString)}},
                                                {"n", {"n", SimpleType(Kind::kInt)}}});
  auto map = std::make_shared<Type>(*ListType(element));
  map->identity = ListIdentity::kKeys;
  map->keys = {"name"};
  const auto program =
      Program::Compile("(a + b).map(e, e.n) == [1, 20, 30]", {{"a", map}, {"b", map}});
  ASSERT_TRUE(program.ok()) << program.status();
  const auto a = api::ParseJson(R"([{"name":"a","n":1},{"name":"b","n":2}])");
  const auto b = api::ParseJson(R"([{"name":"c","n":30},{"name":"b","n":20}])");
  Budget budget(kCallBudget);
  EXPECT_TRUE(program->Evaluate({FromJson(*a, map), FromJson(*b, map)}, budget).IsTrue());
}

TEST(Program, HostileExpressionsComeToAnEnd) {
  constexpr std::string_view kCancelled = "operation cancelled: actual cost limit exceeded";
  const std::string range = "lists.range(1000)";
  EXPECT_EQ(
      Evaluated(range + ".all(a, " + range + ".all(b, " + range + ".all(c, true)))").GetString(),
      kCancelled);
  EXPECT_EQ(Evaluated("lists.range(9000000000)").GetString(), kCancelled);
  // Not even where something else would decide.
  EXPECT_EQ(Evaluated("lists.range(9000000000).size() > 0 || true").GetString(), kCancelled);
  EXPECT_EQ(Evaluated("1 + 1 + 1 + 1", 5).GetString(), kCancelled);
}

TEST(Program, NestingHasAnEnd) {
  std::string deep(3000, '(');
  deep += '1';
  deep.append(3000, ')');
  EXPECT_NE(FaultOf(deep).find("recursion limit exceeded"), std::string::npos);
  std::string chain = "1";
  for (int i = 0; i < 100000 / 3; ++i) chain += "+1";
  EXPECT_NE(FaultOf(chain).find("recursion limit exceeded"), std::string::npos);
  std::string denied(90000, '!');
  denied += "true";
  EXPECT_EQ(FaultOf(denied), "");
  EXPECT_NE(FaultOf(std::string(200000, ' ')).find("exceeds limit"), std::string::npos);
  // A long row of alternatives nests nothing.
  std::string row = "false";
  for (int i = 0; i < 5000; ++i) row += " || false";
  EXPECT_EQ(FaultOf(row), "");
}

TEST(Program, LongExpressionsAreCheckedInTimeThatGrowsWithThem) {
  std::string row = "x == 1";
  for (int i = 0; i < 9000; ++i) row += " || x == 1";
  std::string list = "[x]";
  for (int i = 0; i < 15000; ++i) list += ",[x]";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(FaultOf(row, {{"x", Dyn()}}), "");
  EXPECT_EQ(FaultOf("[" + list + "]", {{"x", Dyn()}}), "");
  // With what is known copied at each step it is half a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Program, ValuesThatHoldOthersManyTimesOverCostWhatTheyHold) {
  constexpr std::string_view kCancelled = "operation cancelled: actual cost limit exceeded";
  std::string twice = "[1]";
  for (int i = 0; i < 60; ++i) twice += ".map(a, [a, a])";
  EXPECT_EQ(Evaluated("[" + twice + "].all(v, v == v)").GetString(), kCancelled);
  EXPECT_EQ(Evaluated("'%s'.format([" + twice + "]) == ''").GetString(), kCancelled);
  // A text that is long, again and again.
  const std::string text = "'" + std::string(50000, 'x') + "'";
  EXPECT_EQ(Evaluated("lists.range(50000).map(i, " + text + ").sort().size() > 0").GetString(),
            kCancelled);
  EXPECT_EQ(Evaluated("'%s'.format([lists.range(50000).map(i, " + text + ")]) == ''").GetString(),
            kCancelled);
}

TEST(Program, TypesHaveALargestSize) {
  std::string chain = "[1]";
  for (int i = 0; i < 200; ++i) chain += ".map(a, {a: a})";
  EXPECT_NE(FaultOf(chain).find("the type of the expression is too large"), std::string::npos);
}

TEST(Program, NamesAreEscaped) {
  EXPECT_EQ(Escape("x-y.z/a"), "x__dash__y__dot__z__slash__a");
  EXPECT_EQ(Escape("a__b"), "a__underscores__b");
  EXPECT_EQ(Escape("namespace"), "__namespace__");
  EXPECT_EQ(Escape("plain_name"), "plain_name");
  EXPECT_EQ(Escape("1a"), std::nullopt);
  EXPECT_EQ(Escape("a b"), std::nullopt);
}

}  // namespace
}  // namespace kvplane::cel
