// Expressions and what they come to. What is expected is what cel-go says in Kubernetes 1.36's
// environment.
#include <string>
#include <string_view>
#include <vector>

#include "cel/document.h"
#include "cel/program.h"

namespace kvplane::cel {
namespace {

struct Case {
  std::string_view expression;
  std::string_view result;  // "error: …" of the evaluation, "! …" of the compilation
};

TypePtr Dyn() { return SimpleType(Type::Kind::kDyn); }

std::string Shown(const Value& value) {
  if (value.IsError()) return "error: " + std::string(value.GetString());
  if (value.Is(Value::Kind::kOptional)) {
    const Value* inner = value.GetOptional();
    return inner == nullptr ? "none" : "opt(" + Shown(*inner) + ")";
  }
  const auto format = Program::Compile("'%s'.format([v])", {{"v", Dyn()}});
  Budget budget(kCallBudget);
  return std::string(format->Evaluate({value}, budget).GetString());
}

std::string ResultOf(std::string_view expression) {
  const std::vector<Variable> variables = {{"x", Dyn()},
                                           {"m", MapType(SimpleType(Type::Kind::kString), Dyn())},
                                           {"i", SimpleType(Type::Kind::kInt)},
                                           {"l", ListType(SimpleType(Type::Kind::kInt))},
                                           {"s", SimpleType(Type::Kind::kString)}};
  const auto program = Program::Compile(expression, variables);
  if (!program.ok()) {
    const std::string all(program.status().message());
    return "! " + all.substr(0, all.find('\n'));
  }
  const auto x = api::ParseJson(
      R"({"a":{"b":[1,2,3],"c":"hello"},"n":null,"d":1.5,"t":true,"s":"tok","list":["x","y"]})");
  const auto m = api::ParseJson(R"({"k":1})");
  const auto l = api::ParseJson("[1,2,3]");
  Budget budget(kCallBudget);
  return Shown(
      program->Evaluate({FromJson(*x, Dyn()), FromJson(*m, variables[1].type), Value::Int(7),
                         FromJson(*l, variables[3].type), Value::String("abc")},
                        budget));
}

void Check(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(ResultOf(one.expression), one.result) << one.expression;
}

TEST(Expressions, Arithmetic) {
  Check({
      {"1 + 2", "3"},
      {"1 + 2u",
       "! ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, uint)'"},
      {"1 + 'a'",
       "! ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'"},
      {"i / 0", "error: division by zero"},
      {"9223372036854775807 + 1", "error: integer overflow"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"1/0 == 1 && false", "false"},
      {"1/0 == 1 && true", "error: division by zero"},
      {"1 in [1,2]", "true"},
      {"i && true", "! ERROR: <input>:1:1: expected type 'bool' but found 'int'"},
      {"1 == 1.0",
       "! ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, double)'"},
      {"1 < 1.5", "true"},
      {"'a' + 'b'", "ab"},
      {"[1] + [2]", "[1, 2]"},
      {"1 +",
       "! ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', "
       "'.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
       "IDENTIFIER}"},
      {"5 % 3", "2"},
      {"-5 / 2", "-2"},
      {"-5 % 3", "-2"},
      {"5.0 / 0.0", "+Inf"},
      {"1.0 % 2.0",
       "! ERROR: <input>:1:5: found no matching overload for '_%_' applied to '(double, double)'"},
      {"2u - 3u", "error: unsigned integer overflow"},
      {"i in l", "false"},
      {"1.0 + 1",
       "! ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(double, int)'"},
      {"1 in x.a.b", "true"},
      {"0x1F", "31"},
      {"1e3", "1000"},
      {"1.5e-3", "0.0015"},
      {".5", "0.5"},
      {"1 // c", "1"},
  });
}

TEST(Expressions, Logic) {
  Check({
      {"1/0 == 1 || true", "true"},
      {"true || 1/0 == 1", "true"},
      {"false && 1/0 == 1", "false"},
      {"[1,2,3].exists(e, 1/0 > e || e == 3)", "true"},
      {"i ? 1 : 2",
       "! ERROR: <input>:1:3: found no matching overload for '_?_:_' applied to '(int, int, int)'"},
      {"true ? 1 : 'a'",
       "! ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, "
       "string)'"},
      {"!i", "! ERROR: <input>:1:1: found no matching overload for '!_' applied to '(int)'"},
      {"!format.dns1123Label().validate('a').hasValue()", "true"},
      {"true && (false || i > 3) ? 'y' : 'n'", "y"},
      {"[1,2,3].isSorted() && i > 2", "true"},
      {"size(x.list) == 2 ? x.list[0] : 'no'", "x"},
      {"duration('1h').getHours() == 1 && duration('-1h') < duration('0s')", "true"},
      {"'x' in x.list && !('q' in x.list)", "true"},
      {"has(m.k) && has(m.q)", "false"},
      {"i > 5 || x.nope", "true"},
      {"x.nope || i > 5", "true"},
  });
}

TEST(Expressions, Macros) {
  Check({
      {"[1,2,3].all(e, e > 0)", "true"},
      {"[1,2,3].exists_one(e, e == 3)", "true"},
      {"[1,2,3].map(e, e * 2)", "[2, 4, 6]"},
      {"[1,2,3].map(e, e > 1, e * 2)", "[4, 6]"},
      {"[1,2,3].filter(e, e > 1)", "[2, 3]"},
      {"{'a': 1, 'b': 2}.all(k, v, v > 0)", "true"},
      {"{'a': 1, 'b': 2}.transformList(k, v, k + string(v))", "[\"a1\", \"b2\"]"},
      {"{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2)", "{\"b\":4}"},
      {"{'a': 1}.transformMapEntry(k, v, {v: k})", "{1:\"a\"}"},
      {"['bb','a'].sortBy(e, size(e))", "[\"a\", \"bb\"]"},
      {"has(x.a)", "true"},
      {"has(x.q)", "false"},
      {"has(x.a.b.c)", "error: unsupported index type 'string' in list"},
      {"has(x)", "! ERROR: <input>:1:5: invalid argument to has() macro"},
      {"m.all(k, k == 'k')", "true"},
      {"m.map(k, m[k])", "[1]"},
      {"x.list.all(e, e.size() == 1)", "true"},
      {"l.exists(e, e == 's')",
       "! ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(int, string)'"},
      {"l.map(e, f)", "! ERROR: <input>:1:10: undeclared reference to 'f' (in container '')"},
      {"l.all(1, true)", "! ERROR: <input>:1:7: argument must be a simple name"},
      {"[1,2].map(x, x + 1)", "[2, 3]"},
      {"[1,2].all(a, b, a < b)", "true"},
      {"{'a':1}.exists(k, k == 'a')", "true"},
      {"[1].exists(i, v, v == 1)", "true"},
      {"[[1,2],[3]].map(a, a.map(b, b + i))", "[[8, 9], [10]]"},
      {"l.map(i, i)", "[1, 2, 3]"},
      {"{'a':1}.map(k, k)", "[\"a\"]"},
      {"has(a)", "! ERROR: <input>:1:5: invalid argument to has() macro"},
      {"l.all(e, e > 0, 1, 2)",
       "! ERROR: <input>:1:6: undeclared reference to 'all' (in container '')"},
      {"l.all(e)", "! ERROR: <input>:1:6: undeclared reference to 'all' (in container '')"},
  });
}

TEST(Expressions, Optionals) {
  Check({
      {"m[?'zz']", "none"},
      {"m.?zz.orValue(3)", "3"},
      {"optional.of(1).value()", "1"},
      {"optional.none().orValue(3)", "3"},
      {"optional.none().value()", "error: optional.none() dereference"},
      {"optional.ofNonZeroValue(0).hasValue()", "false"},
      {"x.?a.?c", "opt(hello)"},
      {"x.?a.?zz", "none"},
      {"x.?a.b[?7]", "none"},
      {"x.?a.c.optMap(v, v + '!')", "opt(hello!)"},
      {"x.?a.c.optFlatMap(v, optional.of(v))", "opt(hello)"},
      {"[?optional.of(1), ?optional.none()]", "[1]"},
      {"{?'a': optional.none()}", "{}"},
      {"optional.of(1).or(optional.of(2))", "opt(1)"},
      {"optional.unwrap([optional.of(1), optional.none()])", "[1]"},
      {"optional.of(1) == optional.of(1)", "true"},
      {"optional.none() == optional.of(1)", "false"},
      {"x.?n.hasValue()", "true"},
      {"optional.of(x.a.c).optMap(y, y.size()).orValue(0)", "5"},
      {"type(optional.of(1))", "optional_type"},
  });
}

TEST(Expressions, Times) {
  Check({
      {"string(duration('1h30m'))", "5400s"},
      {"string(timestamp('2023-01-02T03:04:05.678Z'))", "2023-01-02T03:04:05.678Z"},
      {"duration('x')", "! ERROR: <input>:1:10: invalid duration argument"},
      {"timestamp('x')", "! ERROR: <input>:1:11: invalid timestamp argument"},
      {"timestamp('2023-01-02T03:04:05Z').getFullYear()", "2023"},
      {"timestamp('2023-01-02T03:04:05Z').getMonth()", "0"},
      {"timestamp('2023-01-02T03:04:05Z').getDayOfWeek()", "1"},
      {"timestamp('2023-01-02T03:04:05Z').getHours('America/New_York')", "22"},
      {"timestamp('2023-01-02T03:04:05Z').getHours('+02:00')", "5"},
      {"timestamp('2023-01-02T03:04:05Z') - timestamp('2023-01-02T03:04:00Z')", "5s"},
      {"duration('90s').getMinutes()", "1"},
      {"duration('90s').getMilliseconds()", "90000"},
      {"[duration('1s'), duration('2s')].sum()", "3s"},
      {"'%s %s %s'.format([null, 1.0, duration('1s')])", "null 1 1s"},
      {"'%s'.format([timestamp('2023-01-02T03:04:05Z')])", "2023-01-02T03:04:05Z"},
      {"timestamp('2023-01-02T03:04:05Z') < timestamp('2024-01-02T03:04:05Z')", "true"},
      {"duration('1h') > duration('30m')", "true"},
      {"string(duration('1.5s'))", "1.5s"},
      {"int(timestamp('2023-01-02T03:04:05Z'))", "1672628645"},
      {"int(duration('1h'))", "3600000000000"},
      {"type(timestamp(0)) == google.protobuf.Timestamp", "true"},
      {"'%s'.format([[duration('1s'), timestamp(0), null, true, type(1), 1u]])",
       "[duration(\"1s\"), timestamp(\"1970-01-01T00:00:00Z\"), null, true, int, 1]"},
      {"timestamp('2023-01-02T03:04:05Z').getDayOfYear()", "1"},
      {"timestamp('2023-12-31T03:04:05Z').getDate()", "31"},
      {"string(duration('-1.5s'))", "-1.5s"},
  });
}

TEST(Expressions, Format) {
  Check({
      {"'%s is %d and %.2f %b %x %o %e'.format(['a', 3, 1.234, 5, 255, 8, 1000.0])",
       "a is 3 and 1.23 101 ff 10 1.000000×10⁰³"},
      {"'%s'.format([[1,2,'x']])", "[1, 2, \"x\"]"},
      {"'%s'.format([{'a': 1, 'b': true}])", "{\"a\":1, \"b\":true}"},
      {"'%X %x'.format(['hello', 255])", "68656C6C6F ff"},
      {"'%s'.format([1])", "1"},
      {"'%s'.format([1.5])", "1.5"},
      {"'%s'.format([b'xyz'])", "xyz"},
      {"'%s'.format([type(1)])", "int"},
      {"'%s'.format([['a', 'b']])", "[\"a\", \"b\"]"},
      {"'%.3e'.format([1234.5])", "1.234500×10⁰³"},
      {"'%f'.format([1.5])", "1.500000"},
      {"'%s'.format([123456789.0])", "1.23456789e+08"},
      {"'%b'.format([true])", "1"},
      {"'%x'.format([-255])", "-ff"},
      {"'%e'.format([1234.5678])", "1.234568×10⁰³"},
      {"'%.0f'.format([2.5])", "2"},
      {"dyn('%d').format([dyn('a')])",
       "error: error during formatting: decimal clause can only be used on integers, was given "
       "string"},
      {"'%%'.format([])", "%"},
      {"'%e'.format([0.0])", "0.000000×10⁰⁰"},
      {"'%s'.format([[1.0, 2.5]])", "[1.000000, 2.500000]"},
      {"'%s'.format([{1: [1,2]}])", "{1:[1, 2]}"},
      {"x.s.format([1])", "tok"},
  });
}

TEST(Expressions, KubernetesTypes) {
  Check({
      {"url('https://example.com:80/path?k=v').getHost()", "example.com:80"},
      {"url('https://example.com:80/path?k=v').getHostname()", "example.com"},
      {"url('https://example.com:80/path?k=v').getPort()", "80"},
      {"url('https://example.com:80/path?k=v').getQuery()", "{\"k\":[\"v\"]}"},
      {"url('https://example.com:80/path?k=v').getEscapedPath()", "/path"},
      {"url('https://example.com:80/path?k=v').getScheme()", "https"},
      {"isURL('x')", "false"},
      {"isURL('https://x')", "true"},
      {"url('x')",
       "error: URL parse error during conversion from string: parse \"x\": invalid URI for "
       "request"},
      {"quantity('1.5Gi').isGreaterThan(quantity('1G'))", "true"},
      {"quantity('1').sub(2).sign()",
       "! ERROR: <input>:1:26: found no matching overload for 'sign' applied to "
       "'kubernetes.Quantity.()'"},
      {"quantity('50k').asInteger()", "50000"},
      {"quantity('1500m').asApproximateFloat()", "1.5"},
      {"quantity('1500m').isInteger()", "false"},
      {"quantity('x')",
       "error: quantities must match the regular expression "
       "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
      {"isQuantity('1Gi')", "true"},
      {"quantity('1').compareTo(quantity('2'))", "-1"},
      {"ip('192.168.0.1').family()", "4"},
      {"ip('::1').isLoopback()", "true"},
      {"ip('x')",
       "error: IP Address \"x\" parse error during conversion from string: ParseAddr(\"x\"): "
       "unable to parse IP"},
      {"isIP('1.2.3.4')", "true"},
      {"ip.isCanonical('127.0.0.1')", "true"},
      {"string(ip('192.168.0.1'))", "192.168.0.1"},
      {"cidr('192.168.0.0/16').containsIP('192.168.1.1')", "true"},
      {"cidr('192.168.0.0/16').containsCIDR(cidr('192.168.1.0/24'))", "true"},
      {"cidr('192.168.0.0/16').prefixLength()", "16"},
      {"isCIDR('x')", "false"},
      {"format.dns1123Label().validate('My Name')",
       "opt([\"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
       "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
       "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\"])"},
      {"format.dns1123Label().validate('my-name')", "none"},
      {"format.named('dns1123Label').hasValue()", "true"},
      {"format.named('nope').hasValue()", "false"},
      {"semver('1.2.3').isLessThan(semver('1.3.0'))", "true"},
      {"semver('1.2')", "error: No Major.Minor.Patch elements found"},
      {"isSemver('1.2.3-rc.1')", "true"},
      {"semver('1.2.3').major()", "1"},
      {"url(x.s)",
       "error: URL parse error during conversion from string: parse \"tok\": invalid URI for "
       "request"},
      {"semver('1.2.3-01')",
       "error: Numeric PreRelease version must not contain leading zeroes \"01\""},
      {"semver('01.2.3')", "error: Major number must not contain leading zeroes \"01\""},
      {"ip('::ffff:1.2.3.4')", "error: IPv4-mapped IPv6 address \"::ffff:1.2.3.4\" is not allowed"},
      {"ip('fe80::1%eth0')", "error: IP address \"fe80::1%eth0\" with zone value is not allowed"},
      {"cidr('1.2.3.4')",
       "error: network address parse error during conversion from string: network address parse "
       "error during conversion from string: netip.ParsePrefix(\"1.2.3.4\"): no '/'"},
      {"cidr('10.0.0.0/33')",
       "error: network address parse error during conversion from string: network address parse "
       "error during conversion from string: netip.ParsePrefix(\"10.0.0.0/33\"): prefix length out "
       "of range"},
      {"ip('10.0.0.1') == ip('10.0.0.1')", "true"},
      {"ip.isCanonical('FE80::1')", "false"},
      {"string(cidr('10.0.0.0/8'))", "10.0.0.0/8"},
      {"url('https://u:p@h:1/a%20b?x=1&x=2&y').getQuery()", "{\"x\":[\"1\", \"2\"], \"y\":[\"\"]}"},
      {"url('/a/b').getHost()", ""},
      {"url('https://[::1]:80/').getHostname()", "::1"},
      {"isURL('https://a b')", "false"},
      {"quantity('1').isLessThan(2)",
       "! ERROR: <input>:1:25: found no matching overload for 'isLessThan' applied to "
       "'kubernetes.Quantity.(int)'"},
      {"semver('1.0.0') == semver('1.0.0+build')", "true"},
      {"semver('1.0.0-alpha.1').compareTo(semver('1.0.0-alpha.beta'))", "-1"},
      {"format.named('dns1123Label').value().validate('A')",
       "opt([\"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
       "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
       "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\"])"},
      {"format.uuid().validate('x')", "opt([\"does not match the UUID format\"])"},
      {"format.labelValue().validate('a b')",
       "opt([\"a valid label must be an empty string or consist of alphanumeric characters, '-', "
       "'_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
       "'my_value',  or '12345', regex used for validation is "
       "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\"])"},
      {"format.qualifiedName().validate('a b')",
       "opt([\"name part must consist of alphanumeric characters, '-', '_' or '.', and must start "
       "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
       "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\"])"},
      {"format.date().validate('2020-01-01')", "none"},
      {"format.dns1123LabelPrefix().validate('a-')", "none"},
      {"quantity('1.1').asInteger()", "error: cannot convert value to integer"},
      {"quantity('1k').isInteger()", "true"},
      {"type(quantity('1'))", "kubernetes.Quantity"},
  });
}

TEST(Expressions, Lists) {
  Check({
      {"[1, 'a']", "! ERROR: <input>:1:5: expected type 'int' but found 'string'"},
      {"'a' in {'a': 1}", "true"},
      {"'a' in x", "true"},
      {"l.foo", "! ERROR: <input>:1:2: type 'list(int)' does not support field selection"},
      {"l['a']",
       "! ERROR: <input>:1:2: found no matching overload for '_[_]' applied to '(list(int), "
       "string)'"},
      {"l[5]", "error: index out of bounds: 5"},
      {"l[-1]", "error: index out of bounds: -1"},
      {"l.isSorted()", "true"},
      {"l.sum()", "6"},
      {"l.min()", "1"},
      {"l.max()", "3"},
      {"[].min()", "error: min called on empty list"},
      {"l.indexOf(2)", "1"},
      {"l.lastIndexOf(2)", "1"},
      {"[1.5, 2.5].sum()", "4"},
      {"['b','a'].isSorted()", "false"},
      {"['a','b'].join('-')", "a-b"},
      {"['a','b'].join()", "ab"},
      {"sets.contains([1,2],[1])", "true"},
      {"sets.equivalent([1,2],[2,1,1])", "true"},
      {"sets.intersects([1],[2])", "false"},
      {"[3,1,2].sort()", "[1, 2, 3]"},
      {"[1,2,3].reverse()", "[3, 2, 1]"},
      {"[1,1,2].distinct()", "[1, 2]"},
      {"[[1],[2,3]].flatten()", "[1, 2, 3]"},
      {"lists.range(3)", "[0, 1, 2]"},
      {"[1,2,3].slice(1,2)", "[2]"},
      {"[1,2].first()", "opt(1)"},
      {"[1,2].last()", "opt(2)"},
      {"[1] == [1.0]",
       "! ERROR: <input>:1:5: found no matching overload for '_==_' applied to '(list(int), "
       "list(double))'"},
      {"[1,2", "! ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting {']', ','}"},
      {"s in l",
       "! ERROR: <input>:1:3: found no matching overload for '@in' applied to '(string, "
       "list(int))'"},
      {"'abc'.reverse()",
       "! ERROR: <input>:1:14: found no matching overload for 'reverse' applied to 'string.()'"},
      {"['a', 1]", "! ERROR: <input>:1:7: expected type 'string' but found 'int'"},
      {"[1,2,3].slice(2,1)",
       "error: cannot slice(2, 1), start index must be less than or equal to end index"},
      {"[1,2].flatten(-1)", "error: level must be non-negative"},
      {"lists.range(-1)", "[]"},
      {"[3,1].sort()[0]", "1"},
      {"[dyn(1), dyn('a')].sort()", "error: list elements must have the same type"},
      {"['a','b'].sum()",
       "! ERROR: <input>:1:14: found no matching overload for 'sum' applied to 'list(string).()'"},
      {"x.list.sum()", "error: no such overload: sum(list)"},
      {"[] == [1]", "false"},
      {"[1,2,3][dyn(1.0)]", "2"},
      {"[1,2,3][1u]",
       "! ERROR: <input>:1:8: found no matching overload for '_[_]' applied to '(list(int), "
       "uint)'"},
  });
}

TEST(Expressions, Texts) {
  Check({
      {"'abc'.size()", "3"},
      {"'abc'.contains('b')", "true"},
      {"'abc'.matches('^a.c$')", "true"},
      {"matches('abc', 'b')", "true"},
      {"'abc'.matches('[')", "! ERROR: <input>:1:15: invalid matches argument"},
      {"'abc 123'.find('[0-9]+')", "123"},
      {"'1 2 3'.findAll('[0-9]')", "[\"1\", \"2\", \"3\"]"},
      {"'1 2 3'.findAll('[0-9]', 2)", "[\"1\", \"2\"]"},
      {"'hello'.charAt(1)", "e"},
      {"'hello'.charAt(9)", "error: index out of range: 9"},
      {"'hello'.indexOf('l')", "2"},
      {"'hello'.indexOf('l', 3)", "3"},
      {"'hello'.lastIndexOf('l')", "3"},
      {"'aBc'.lowerAscii()", "abc"},
      {"'aBc'.upperAscii()", "ABC"},
      {"'aXbX'.replace('X', '-')", "a-b-"},
      {"'aXbX'.replace('X', '-', 1)", "a-bX"},
      {"'a,b,c'.split(',')", "[\"a\", \"b\", \"c\"]"},
      {"'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]"},
      {"'hello'.substring(2)", "llo"},
      {"'hello'.substring(1, 3)", "el"},
      {"'hello'.substring(3, 1)", "error: invalid substring range. start: 3, end: 1"},
      {"'  x '.trim()", "x"},
      {"'tacocat'.substring(-1)", "error: index out of range: -1"},
      {"'a'.replace('', 'x')", "xax"},
      {"'abc'.split('')", "[\"a\", \"b\", \"c\"]"},
      {"'🙂x'.charAt(1)", "x"},
      {"strings.quote('a')", "\"a\""},
      {"'a'.quote()", "! ERROR: <input>:1:10: undeclared reference to 'quote' (in container '')"},
      {"'abc'.substring(1,2) + b'x'",
       "! ERROR: <input>:1:22: found no matching overload for '_+_' applied to '(string, bytes)'"},
      {"'a'.split(',')", "[\"a\"]"},
      {"''.split(',')", "[\"\"]"},
      {"'a,b'.split(',', 1)", "[\"a,b\"]"},
      {"'a,b'.split(',', 0)", "[]"},
      {"'aaa'.replace('a','b',2)", "bba"},
      {"'hello'.indexOf('')", "0"},
      {"'hello'.lastIndexOf('')", "5"},
      {"'ééé'.substring(1)", "éé"},
  });
}

TEST(Expressions, Conversions) {
  Check({
      {"size('héllo')", "5"},
      {"size([1,2])", "2"},
      {"size(m)", "1"},
      {"string(1.5)", "1.5"},
      {"string(1e30)", "1e+30"},
      {"string(1u)", "1"},
      {"string(true)", "true"},
      {"string(b'abc')", "abc"},
      {"int('12')", "12"},
      {"int('x')", "error: type conversion error from 'string' to 'int'"},
      {"int(1.9)", "1"},
      {"int(1e30)", "error: integer overflow"},
      {"uint(-1)", "error: unsigned integer overflow"},
      {"double('1.5')", "1.5"},
      {"double('x')", "error: type conversion error from 'string' to 'double'"},
      {"type(1)", "int"},
      {"type(1) == int", "true"},
      {"type([]) == list", "true"},
      {"type(x)", "map"},
      {"dyn(1) == 1.0", "true"},
      {"dyn([1]) == [1.0]", "true"},
      {"string(i) + s", "7abc"},
      {"string(x.a.c) + 'z'", "helloz"},
      {"dyn('a') + 1", "error: no such overload"},
      {"dyn(1) + 1.0", "error: no such overload"},
      {"int('9223372036854775808')", "error: type conversion error from 'string' to 'int'"},
      {"uint('5')", "5"},
      {"bool('true')", "true"},
      {"bool('x')", "error: type conversion error from 'string' to 'bool'"},
      {"string('a')", "a"},
      {"string(1000000.0)", "1e+06"},
      {"string(123456789.0)", "1.23456789e+08"},
      {"string(0.00001)", "1e-05"},
      {"string(100000.0)", "100000"},
      {"double('inf')", "+Inf"},
      {"int('0x10')", "error: type conversion error from 'string' to 'int'"},
      {"uint('-1')", "error: type conversion error from 'string' to 'uint'"},
      {"dyn(null) == dyn(1)", "false"},
      {"int(-1.9)", "-1"},
  });
}

TEST(Expressions, NamesAndMembers) {
  Check({
      {"foo", "! ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')"},
      {"foo(1)", "! ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')"},
      {"x.a.zz", "error: no such key: zz"},
      {"m.k", "1"},
      {"m.zz", "error: no such key: zz"},
      {"m['k']", "1"},
      {"{'a': 1, 'b': 'c'}", "! ERROR: <input>:1:15: expected type 'int' but found 'string'"},
      {"-s", "! ERROR: <input>:1:1: found no matching overload for '-_' applied to '(string)'"},
      {"s.foo", "! ERROR: <input>:1:2: type 'string' does not support field selection"},
      {"s.foo()", "! ERROR: <input>:1:6: undeclared reference to 'foo' (in container '')"},
      {"1u < 2", "true"},
      {"x.d > 1", "true"},
      {"x.n == null", "true"},
      {"null == 1",
       "! ERROR: <input>:1:6: found no matching overload for '_==_' applied to '(null, int)'"},
      {"'a' < 'b'", "true"},
      {"x.s.startsWith('t')", "true"},
      {"x.s + 1", "error: no such overload"},
      {"a.b.c", "! ERROR: <input>:1:1: undeclared reference to 'a' (in container '')"},
      {"self", "! ERROR: <input>:1:1: undeclared reference to 'self' (in container '')"},
      {"google.protobuf.Timestamp", "google.protobuf.Timestamp"},
      {"cel.bind(a, 1, a)",
       "! ERROR: <input>:1:1: undeclared reference to 'cel' (in container '')"},
      {"Foo{a: 1}", "! ERROR: <input>:1:4: undeclared reference to 'Foo' (in container '')"},
      {"for", "! ERROR: <input>:1:1: reserved identifier: for"},
      {"x['a']['c']", "hello"},
      {"x[1]", "error: no such key: 1"},
      {"'\\u00e9' == 'é'", "true"},
      {"x == x", "true"},
      {"jsonpatch.escapeKey('a/b~c')", "a~1b~0c"},
      {"x.a == {'b': [1,2,3], 'c': 'hello'}",
       "! ERROR: <input>:1:28: expected type 'list(int)' but found 'string'"},
      {"true == 1",
       "! ERROR: <input>:1:6: found no matching overload for '_==_' applied to '(bool, int)'"},
      {"{} == {'a': 1}", "false"},
      {"x.list + ['z']", "[\"x\", \"y\", \"z\"]"},
      {"r'\\d+'", "\\d+"},
      {"'''a'b'''", "a'b"},
      {"// c",
       "! ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', "
       "'.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
       "IDENTIFIER}"},
      {"(1", "! ERROR: <input>:1:3: Syntax error: missing ')' at '<EOF>'"},
      {"1)", "! ERROR: <input>:1:2: Syntax error: extraneous input ')' expecting <EOF>"},
      {"{'a' 1}", "! ERROR: <input>:1:6: Syntax error: missing ':' at '1'"},
      {"i.j", "! ERROR: <input>:1:2: type 'int' does not support field selection"},
      {"f(1", "! ERROR: <input>:1:4: Syntax error: missing ')' at '<EOF>'"},
      {"x.y.z()", "! ERROR: <input>:1:6: undeclared reference to 'z' (in container '')"},
  });
}

}  // namespace
}  // namespace kvplane::cel
