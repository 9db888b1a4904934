#include "api/names.h"

#include <algorithm>
#include <initializer_list>

#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }
bool IsLowerOrDigit(char c) { return IsLower(c) || IsDigit(c); }
bool IsAlphanumeric(char c) { return IsLetter(c) || IsDigit(c); }

// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool IsLabel(std::string_view text) {
  return !text.empty() && IsLowerOrDigit(text.front()) && IsLowerOrDigit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

bool IsSubdomain(std::string_view text) {
  while (true) {
    const size_t dot = text.find('.');
    if (!IsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool IsNamePart(std::string_view text) {
  return !text.empty() && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

// The rule, examples of what follows it, and the expression that says it.
std::string Rule(std::string_view rule, std::initializer_list<std::string_view> examples,
                 std::string_view expression) {
  std::string out = Concat(rule, " (e.g. ");
  bool first = true;
  for (const std::string_view example : examples) {
    out += Concat(first ? "" : " or ", "'", example, "', ");
    first = false;
  }
  return out + Concat("regex used for validation is '", expression, "')");
}

void CheckLength(std::string_view text, size_t most, NameFaults& faults,
                 std::string_view unit = "bytes") {
  if (text.size() > most) faults.push_back(Concat("must be no more than ", most, " ", unit));
}

constexpr std::string_view kLabelExpression = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kSubdomainExpression =
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view kNamePartExpression = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

std::string NamePartRule(std::string_view subject) {
  return Rule(Concat(subject,
                     "must consist of alphanumeric characters, '-', '_' or '.', and must start and "
                     "end with an alphanumeric character"),
              {"MyName", "my.name", "123-abc"}, kNamePartExpression);
}

// Names that are also file names.
void CheckNoParentFolder(std::string_view name, NameFaults& faults) {
  if (name == "." || name == "..") {
    faults.push_back(Concat("must not be '", name, "'"));
  } else if (name.starts_with("..")) {
    faults.emplace_back("must not start with '..'");
  }
}

}  // namespace

NameFaults CheckDns1123Label(std::string_view name) {
  NameFaults faults;
  CheckLength(name, 63, faults);
  if (IsLabel(name)) return faults;
  if (IsSubdomain(name)) {
    faults.emplace_back("must not contain dots");
  } else {
    faults.push_back(
        Rule("a lowercase RFC 1123 label must consist of lower case alphanumeric "
             "characters or '-', and must start and end with an alphanumeric character",
             {"my-name", "123-abc"}, kLabelExpression));
  }
  return faults;
}

NameFaults CheckDns1123Subdomain(std::string_view name) {
  NameFaults faults;
  CheckLength(name, 253, faults);
  if (!IsSubdomain(name)) {
    faults.push_back(
        Rule("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
             "characters, '-' or '.', and must start and end with an alphanumeric "
             "character",
             {"example.com"}, kSubdomainExpression));
  }
  return faults;
}

NameFaults CheckDns1035Label(std::string_view name) {
  NameFaults faults;
  CheckLength(name, 63, faults, "characters");
  if (!IsLabel(name) || IsDigit(name.front())) {
    faults.push_back(
        Rule("a DNS-1035 label must consist of lower case alphanumeric characters or "
             "'-', start with an alphabetic character, and end with an alphanumeric "
             "character",
             {"my-name", "abc-123"}, "[a-z]([-a-z0-9]*[a-z0-9])?"));
  }
  return faults;
}

NameFaults CheckPathSegmentName(std::string_view name) {
  if (name == "." || name == "..") return {Concat("may not be '", name, "'")};
  NameFaults faults;
  for (const char c : {'/', '%'}) {
    if (name.find(c) != std::string_view::npos)
      faults.push_back(Concat("may not contain '", c, "'"));
  }
  return faults;
}

NameFaults CheckQualifiedName(std::string_view name) {
  NameFaults faults;
  const size_t slash = name.find('/');
  std::string_view part = name;
  if (slash != std::string_view::npos) {
    part = name.substr(slash + 1);
    if (part.find('/') != std::string_view::npos) {
      return {NamePartRule("a valid label key ") +
              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    }
    const std::string_view prefix = name.substr(0, slash);
    if (prefix.empty()) {
      faults.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& fault : CheckDns1123Subdomain(prefix)) {
        faults.push_back(Concat("prefix part ", fault));
      }
    }
  }
  if (part.empty()) {
    faults.emplace_back("name part must be non-empty");
  } else if (part.size() > 63) {
    faults.emplace_back("name part must be no more than 63 bytes");
  }
  if (!IsNamePart(part)) faults.push_back(NamePartRule("name part "));
  return faults;
}

NameFaults CheckLabelValue(std::string_view value) {
  NameFaults faults;
  CheckLength(value, 63, faults);
  if (!value.empty() && !IsNamePart(value)) {
    faults.push_back(
        Rule("a valid label must be an empty string or consist of alphanumeric "
             "characters, '-', '_' or '.', and must start and end with an alphanumeric "
             "character",
             {"MyValue", "my_value", "12345"}, Concat("(", kNamePartExpression, ")?")));
  }
  return faults;
}

NameFaults CheckConfigMapKey(std::string_view key) {
  NameFaults faults;
  CheckLength(key, 253, faults, "characters");
  const bool good = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.';
  });
  if (!good) {
    faults.push_back(
        Rule("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
             {"key.name", "KEY_NAME", "key-name"}, "[-._a-zA-Z0-9]+"));
  }
  CheckNoParentFolder(key, faults);
  return faults;
}

NameFaults CheckEnvironmentName(std::string_view name) {
  NameFaults faults;
  const bool good =
      !name.empty() && !IsDigit(name.front()) && std::all_of(name.begin(), name.end(), [](char c) {
        return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.';
      });
  if (!good) {
    faults.push_back(
        Rule("a valid environment variable name must consist of alphabetic characters, "
             "digits, '_', '-', or '.', and must not start with a digit",
             {"my.env-name", "MY_ENV.NAME", "MyEnvName1"}, "[-._a-zA-Z][-._a-zA-Z0-9]*"));
  }
  CheckNoParentFolder(name, faults);
  return faults;
}

NameFaults CheckPortName(std::string_view name) {
  NameFaults faults;
  CheckLength(name, 15, faults, "characters");
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return IsLowerOrDigit(c) || c == '-';
  });
  if (!good) {
    faults.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::none_of(name.begin(), name.end(), IsLower)) {
    faults.emplace_back("must contain at least one letter (a-z)");
  }
  if (name.find("--") != std::string_view::npos) {
    faults.emplace_back("must not contain consecutive hyphens");
  }
  if (!name.empty() && (name.front() == '-' || name.back() == '-')) {
    faults.emplace_back("must not begin or end with a hyphen");
  }
  return faults;
}

}  // namespace kvplane::api
