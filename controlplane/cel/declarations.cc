// What functions there are, and the types that they take: Kubernetes 1.36's.
#include <array>
#include <cctype>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/strings.h"
#include "cel/function.h"

namespace kvplane::cel {

namespace {

using kvshim::base::Concat;

// A line is a name, then an overload: (parameters) result, or target.(parameters) result. One
// capital letter is any type, the same within a line. $C stands for each type that has an order,
// $S for each that can be summed, $T for a time or a duration.
constexpr std::string_view kDeclarations = R"(
!_ (bool) bool
-_ (int) int
-_ (double) double
-_ (google.protobuf.Duration) google.protobuf.Duration
_+_ (int, int) int
_+_ (uint, uint) uint
_+_ (double, double) double
_+_ (string, string) string
_+_ (bytes, bytes) bytes
_+_ (list<A>, list<A>) list<A>
_+_ (google.protobuf.Timestamp, google.protobuf.Duration) google.protobuf.Timestamp
_+_ (google.protobuf.Duration, google.protobuf.Timestamp) google.protobuf.Timestamp
_+_ (google.protobuf.Duration, google.protobuf.Duration) google.protobuf.Duration
_-_ (int, int) int
_-_ (uint, uint) uint
_-_ (double, double) double
_-_ (google.protobuf.Timestamp, google.protobuf.Timestamp) google.protobuf.Duration
_-_ (google.protobuf.Timestamp, google.protobuf.Duration) google.protobuf.Timestamp
_-_ (google.protobuf.Duration, google.protobuf.Duration) google.protobuf.Duration
_*_ (int, int) int
_*_ (uint, uint) uint
_*_ (double, double) double
_/_ (int, int) int
_/_ (uint, uint) uint
_/_ (double, double) double
_%_ (int, int) int
_%_ (uint, uint) uint
_==_ (A, A) bool
_!=_ (A, A) bool
_<_ ($C, $C) bool
_<_ ($N, $M) bool
_<=_ ($C, $C) bool
_<=_ ($N, $M) bool
_>_ ($C, $C) bool
_>_ ($N, $M) bool
_>=_ ($C, $C) bool
_>=_ ($N, $M) bool
@in (A, list<A>) bool
@in (A, map<A, B>) bool
_[_] (list<A>, int) A
_[_] (map<A, B>, A) B
_[_] (optional<list<A>>, int) optional<A>
_[_] (optional<map<A, B>>, A) optional<B>
_[?_] (list<A>, int) optional<A>
_[?_] (map<A, B>, A) optional<B>
_[?_] (optional<list<A>>, int) optional<A>
_[?_] (optional<map<A, B>>, A) optional<B>
size (string) int
size (bytes) int
size (list<A>) int
size (map<A, B>) int
size string.() int
size bytes.() int
size list<A>.() int
size map<A, B>.() int
type (A) type<A>
dyn (A) dyn
bool (bool) bool
bool (string) bool
int (int) int
int (uint) int
int (double) int
int (string) int
int (google.protobuf.Timestamp) int
int (google.protobuf.Duration) int
uint (int) uint
uint (uint) uint
uint (double) uint
uint (string) uint
double (int) double
double (uint) double
double (double) double
double (string) double
bytes (bytes) bytes
bytes (string) bytes
string (bool) string
string (int) string
string (uint) string
string (double) string
string (string) string
string (bytes) string
string (google.protobuf.Timestamp) string
string (google.protobuf.Duration) string
string (net.IP) string
string (net.CIDR) string
timestamp (string) google.protobuf.Timestamp
timestamp (int) google.protobuf.Timestamp
timestamp (google.protobuf.Timestamp) google.protobuf.Timestamp
duration (string) google.protobuf.Duration
duration (int) google.protobuf.Duration
duration (google.protobuf.Duration) google.protobuf.Duration
getFullYear google.protobuf.Timestamp.() int
getFullYear google.protobuf.Timestamp.(string) int
getMonth google.protobuf.Timestamp.() int
getMonth google.protobuf.Timestamp.(string) int
getDayOfYear google.protobuf.Timestamp.() int
getDayOfYear google.protobuf.Timestamp.(string) int
getDayOfMonth google.protobuf.Timestamp.() int
getDayOfMonth google.protobuf.Timestamp.(string) int
getDate google.protobuf.Timestamp.() int
getDate google.protobuf.Timestamp.(string) int
getDayOfWeek google.protobuf.Timestamp.() int
getDayOfWeek google.protobuf.Timestamp.(string) int
getHours google.protobuf.Timestamp.() int
getHours google.protobuf.Timestamp.(string) int
getHours google.protobuf.Duration.() int
getMinutes google.protobuf.Timestamp.() int
getMinutes google.protobuf.Timestamp.(string) int
getMinutes google.protobuf.Duration.() int
getSeconds google.protobuf.Timestamp.() int
getSeconds google.protobuf.Timestamp.(string) int
getSeconds google.protobuf.Duration.() int
getMilliseconds google.protobuf.Timestamp.() int
getMilliseconds google.protobuf.Timestamp.(string) int
getMilliseconds google.protobuf.Duration.() int
contains string.(string) bool
startsWith string.(string) bool
endsWith string.(string) bool
matches string.(string) bool
matches (string, string) bool
find string.(string) string
findAll string.(string) list<string>
findAll string.(string, int) list<string>
charAt string.(int) string
indexOf string.(string) int
indexOf string.(string, int) int
indexOf list<A>.(A) int
lastIndexOf string.(string) int
lastIndexOf string.(string, int) int
lastIndexOf list<A>.(A) int
join list<string>.() string
join list<string>.(string) string
lowerAscii string.() string
upperAscii string.() string
replace string.(string, string) string
replace string.(string, string, int) string
split string.(string) list<string>
split string.(string, int) list<string>
substring string.(int) string
substring string.(int, int) string
trim string.() string
strings.quote (string) string
jsonpatch.escapeKey (string) string
format string.(list<dyn>) string
isSorted list<$C>.() bool
sum list<$S>.() $S
min list<$C>.() $C
max list<$C>.() $C
sort list<$C>.() list<$C>
reverse list<A>.() list<A>
distinct list<A>.() list<A>
flatten list<list<A>>.() list<A>
flatten list<dyn>.(int) list<dyn>
slice list<A>.(int, int) list<A>
first list<A>.() optional<A>
last list<A>.() optional<A>
lists.range (int) list<int>
sets.contains (list<A>, list<A>) bool
sets.equivalent (list<A>, list<A>) bool
sets.intersects (list<A>, list<A>) bool
optional.of (A) optional<A>
optional.ofNonZeroValue (A) optional<A>
optional.none () optional<A>
optional.unwrap (list<optional<A>>) list<A>
unwrapOpt list<optional<A>>.() list<A>
value optional<A>.() A
hasValue optional<A>.() bool
or optional<A>.(optional<A>) optional<A>
orValue optional<A>.(A) A
quantity (string) kubernetes.Quantity
isQuantity (string) bool
sign (kubernetes.Quantity) int
isInteger kubernetes.Quantity.() bool
asInteger kubernetes.Quantity.() int
asApproximateFloat kubernetes.Quantity.() double
add kubernetes.Quantity.(kubernetes.Quantity) kubernetes.Quantity
add kubernetes.Quantity.(int) kubernetes.Quantity
sub kubernetes.Quantity.(kubernetes.Quantity) kubernetes.Quantity
sub kubernetes.Quantity.(int) kubernetes.Quantity
isLessThan kubernetes.Quantity.(kubernetes.Quantity) bool
isLessThan kubernetes.Semver.(kubernetes.Semver) bool
isGreaterThan kubernetes.Quantity.(kubernetes.Quantity) bool
isGreaterThan kubernetes.Semver.(kubernetes.Semver) bool
compareTo kubernetes.Quantity.(kubernetes.Quantity) int
compareTo kubernetes.Semver.(kubernetes.Semver) int
semver (string) kubernetes.Semver
semver (string, bool) kubernetes.Semver
isSemver (string) bool
isSemver (string, bool) bool
major kubernetes.Semver.() int
minor kubernetes.Semver.() int
patch kubernetes.Semver.() int
url (string) kubernetes.URL
isURL (string) bool
getScheme kubernetes.URL.() string
getHost kubernetes.URL.() string
getHostname kubernetes.URL.() string
getPort kubernetes.URL.() string
getEscapedPath kubernetes.URL.() string
getQuery kubernetes.URL.() map<string, list<string>>
ip (string) net.IP
isIP (string) bool
ip.isCanonical (string) bool
family net.IP.() int
isUnspecified net.IP.() bool
isLoopback net.IP.() bool
isLinkLocalMulticast net.IP.() bool
isLinkLocalUnicast net.IP.() bool
isGlobalUnicast net.IP.() bool
cidr (string) net.CIDR
isCIDR (string) bool
containsIP net.CIDR.(string) bool
containsIP net.CIDR.(net.IP) bool
containsCIDR net.CIDR.(string) bool
containsCIDR net.CIDR.(net.CIDR) bool
ip net.CIDR.() net.IP
prefixLength net.CIDR.() int
masked net.CIDR.() net.CIDR
format.named (string) optional<kubernetes.NamedFormat>
format.dns1123Label () kubernetes.NamedFormat
format.dns1123Subdomain () kubernetes.NamedFormat
format.dns1035Label () kubernetes.NamedFormat
format.qualifiedName () kubernetes.NamedFormat
format.dns1123LabelPrefix () kubernetes.NamedFormat
format.dns1123SubdomainPrefix () kubernetes.NamedFormat
format.dns1035LabelPrefix () kubernetes.NamedFormat
format.labelValue () kubernetes.NamedFormat
format.uri () kubernetes.NamedFormat
format.uuid () kubernetes.NamedFormat
format.byte () kubernetes.NamedFormat
format.date () kubernetes.NamedFormat
format.datetime () kubernetes.NamedFormat
validate kubernetes.NamedFormat.(string) optional<list<string>>
path kubernetes.authorization.Authorizer.(string) kubernetes.authorization.PathCheck
group kubernetes.authorization.Authorizer.(string) kubernetes.authorization.GroupCheck
serviceAccount kubernetes.authorization.Authorizer.(string, string) kubernetes.authorization.Authorizer
resource kubernetes.authorization.GroupCheck.(string) kubernetes.authorization.ResourceCheck
subresource kubernetes.authorization.ResourceCheck.(string) kubernetes.authorization.ResourceCheck
namespace kubernetes.authorization.ResourceCheck.(string) kubernetes.authorization.ResourceCheck
name kubernetes.authorization.ResourceCheck.(string) kubernetes.authorization.ResourceCheck
fieldSelector kubernetes.authorization.ResourceCheck.(string) kubernetes.authorization.ResourceCheck
labelSelector kubernetes.authorization.ResourceCheck.(string) kubernetes.authorization.ResourceCheck
check kubernetes.authorization.PathCheck.(string) kubernetes.authorization.Decision
check kubernetes.authorization.ResourceCheck.(string) kubernetes.authorization.Decision
allowed kubernetes.authorization.Decision.() bool
reason kubernetes.authorization.Decision.() string
error kubernetes.authorization.Decision.() string
errored kubernetes.authorization.Decision.() bool
)";

constexpr std::string_view kOrdered[] = {"bool",
                                         "int",
                                         "uint",
                                         "double",
                                         "string",
                                         "bytes",
                                         "google.protobuf.Timestamp",
                                         "google.protobuf.Duration"};
constexpr std::string_view kSummed[] = {"int", "uint", "double", "google.protobuf.Duration"};
constexpr std::pair<std::string_view, std::string_view> kMixed[] = {
    {"int", "uint"},    {"int", "double"}, {"uint", "int"},
    {"uint", "double"}, {"double", "int"}, {"double", "uint"}};

// Reads a line's overload.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Overload Read() {
    Overload overload;
    if (text_[0] != '(') {
      overload.member = true;
      overload.parameters.push_back(OneType());
      ++at_;  // the dot
    }
    ++at_;  // the parenthesis
    while (text_[at_] != ')') {
      overload.parameters.push_back(OneType());
      while (text_[at_] == ',' || text_[at_] == ' ') ++at_;
    }
    at_ += 2;
    overload.result = OneType();
    return overload;
  }

 private:
  TypePtr OneType() {
    const size_t begin = at_;
    // A dot before a parenthesis ends a target.
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  (text_[at_] == '.' && text_.substr(at_, 2) != ".("))) {
      ++at_;
    }
    const std::string_view name = text_.substr(begin, at_ - begin);
    std::vector<TypePtr> inner;
    if (at_ < text_.size() && text_[at_] == '<') {
      ++at_;
      while (text_[at_] != '>') {
        inner.push_back(OneType());
        while (text_[at_] == ',' || text_[at_] == ' ') ++at_;
      }
      ++at_;
    }
    if (name == "list") return ListType(inner[0]);
    if (name == "map") return MapType(inner[0], inner[1]);
    if (name == "optional") return OptionalType(inner[0]);
    if (name == "type") return TypeType(inner[0]);
    if (name.size() == 1) {
      auto unknown = std::make_shared<Type>();
      unknown->kind = Type::Kind::kUnknown;
      unknown->name = name;
      return unknown;
    }
    return NamedType(name);
  }

  const std::string_view text_;
  size_t at_ = 0;
};

std::string Replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  while (true) {
    const size_t found = text.find(what);
    out += text.substr(0, found);
    if (found == std::string_view::npos) return out;
    out += with;
    text.remove_prefix(found + what.size());
  }
}

std::vector<std::string> Expanded(std::string_view overload) {
  std::vector<std::string> out;
  if (overload.find("$C") != std::string_view::npos) {
    for (const auto type : kOrdered) out.push_back(Replaced(overload, "$C", type));
  } else if (overload.find("$S") != std::string_view::npos) {
    for (const auto type : kSummed) out.push_back(Replaced(overload, "$S", type));
  } else if (overload.find("$N") != std::string_view::npos) {
    for (const auto& [n, m] : kMixed) {
      out.push_back(Replaced(Replaced(overload, "$N", n), "$M", m));
    }
  } else {
    out.emplace_back(overload);
  }
  return out;
}

using Table = absl::flat_hash_map<std::string, std::unique_ptr<FunctionDefinition>>;

Table MakeTable() {
  Table table;
  std::string_view rest = kDeclarations;
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const size_t blank = line.find(' ');
    auto& function = table[std::string(line.substr(0, blank))];
    if (function == nullptr) function = std::make_unique<FunctionDefinition>();
    function->name = line.substr(0, blank);
    for (const std::string& overload : Expanded(line.substr(blank + 1))) {
      function->overloads.push_back(Reader(overload).Read());
    }
  }
  for (const auto& library :
       {OperatorFunctions(), ConversionFunctions(), TimeFunctions(), TextFunctions(),
        FormatFunctions(), ListFunctions(), OptionalFunctions(), QuantityFunctions(),
        NetworkFunctions(), SemverFunctions(), NameFormatFunctions(), AuthorizerFunctions()}) {
    for (const NamedFunction& one : library)
      table.at(std::string(one.name))->function = one.function;
  }
  return table;
}

}  // namespace

bool Call::Are(std::initializer_list<Value::Kind> kinds) const {
  if (kinds.size() != arguments.size()) return false;
  size_t index = 0;
  for (const Value::Kind kind : kinds) {
    if (!arguments[index++].Is(kind)) return false;
  }
  return true;
}

Value NoSuchOverload() { return Value::Error("no such overload"); }

const FunctionDefinition* FindFunction(std::string_view name) {
  static const Table* const table = new Table(MakeTable());
  const auto found = table->find(std::string(name));
  return found == table->end() ? nullptr : found->second.get();
}

}  // namespace kvplane::cel
