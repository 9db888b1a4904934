// Versions as semver.org has them, and the comparison of what has an order of Kubernetes' own.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <optional>

#include "base/strings.h"
#include "cel/function.h"

namespace kvplane::cel {

// quantity_functions.cc
std::optional<int> CompareQuantities(const Value& a, const Value& b);

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;
using kvshim::base::Split;

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Version {
  uint64_t numbers[3] = {};
  std::vector<std::string> before;  // pre-release

  int Compare(const Version& other) const {
    for (size_t i = 0; i < 3; ++i) {
      if (numbers[i] != other.numbers[i]) return numbers[i] < other.numbers[i] ? -1 : 1;
    }
    if (before.empty() || other.before.empty()) {
      return static_cast<int>(before.empty()) - static_cast<int>(other.before.empty());
    }
    for (size_t i = 0; i < std::min(before.size(), other.before.size()); ++i) {
      const std::string& a = before[i];
      const std::string& b = other.before[i];
      if (a == b) continue;
      const bool first = IsNumber(a);
      const bool second = IsNumber(b);
      if (first != second) return first ? -1 : 1;
      if (first && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
      return a < b ? -1 : 1;
    }
    if (before.size() == other.before.size()) return 0;
    return before.size() < other.before.size() ? -1 : 1;
  }
};

class SemverValue : public Opaque {
 public:
  explicit SemverValue(Version version) : version(std::move(version)) {}
  std::string_view TypeName() const override { return "kubernetes.Semver"; }
  bool Equals(const Opaque& other) const override {
    const auto* semver = dynamic_cast<const SemverValue*>(&other);
    return semver != nullptr && semver->version.Compare(version) == 0;
  }

  const Version version;
};

bool IsIdentifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
}

// What is wrong with it; empty: nothing.
std::string Read(std::string_view text, Version& out) {
  if (text.empty()) return "Version string empty";
  const std::string_view before_build = text.substr(0, text.find('+'));
  const size_t dash = before_build.find('-');
  const auto numbers = Split(before_build.substr(0, dash), '.');
  if (numbers.size() != 3) return "No Major.Minor.Patch elements found";
  static constexpr std::string_view kNames[] = {"Major", "Minor", "Patch"};
  for (size_t i = 0; i < 3; ++i) {
    const std::string_view number = numbers[i];
    if (!IsNumber(number)) {
      return Concat("Invalid character(s) found in ",
                    i == 0   ? "major"
                    : i == 1 ? "minor"
                             : "patch",
                    " number \"", number, "\"");
    }
    if (number.size() > 1 && number[0] == '0') {
      return Concat(kNames[i], " number must not contain leading zeroes \"", number, "\"");
    }
    std::from_chars(number.data(), number.data() + number.size(), out.numbers[i]);
  }
  if (dash != std::string_view::npos) {
    for (const std::string_view part : Split(before_build.substr(dash + 1), '.')) {
      if (part.empty()) return "Prerelease is empty";
      if (!IsIdentifier(part))
        return Concat("Invalid character(s) found in prerelease \"", part, "\"");
      if (IsNumber(part) && part.size() > 1 && part[0] == '0') {
        return Concat("Numeric PreRelease version must not contain leading zeroes \"", part, "\"");
      }
      out.before.emplace_back(part);
    }
  }
  if (before_build.size() < text.size()) {
    for (const std::string_view part : Split(text.substr(before_build.size() + 1), '.')) {
      if (part.empty()) return "Build meta data is empty";
      if (!IsIdentifier(part)) {
        return Concat("Invalid character(s) found in build meta data \"", part, "\"");
      }
    }
  }
  return {};
}

// "v1.02" as 1.2.0.
std::string Normalize(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const size_t end = std::min(text.find_first_of("-+"), text.size());
  auto numbers = Split(text.substr(0, end), '.');
  std::string out;
  for (std::string_view& number : numbers) {
    while (number.size() > 1 && number[0] == '0') number.remove_prefix(1);
    out += Concat(out.empty() ? "" : ".", number);
  }
  for (size_t i = numbers.size(); i < 3 && end == text.size(); ++i) out += ".0";
  return out + std::string(text.substr(end));
}

std::optional<std::string> TextOf(const Call& call) {
  if (!call[0].Is(Kind::kString)) return std::nullopt;
  if (call.size() == 1) return std::string(call[0].GetString());
  if (!call[1].Is(Kind::kBool)) return std::nullopt;
  return call[1].GetBool() ? Normalize(call[0].GetString()) : std::string(call[0].GetString());
}

Value Parse(const Call& call) {
  const auto text = TextOf(call);
  if (!text) return NoSuchOverload();
  Version version;
  std::string fault = Read(*text, version);
  if (!fault.empty()) return Value::Error(std::move(fault));
  return Value::OpaqueOf(std::make_shared<const SemverValue>(std::move(version)));
}

Value Is(const Call& call) {
  const auto text = TextOf(call);
  if (!text) return NoSuchOverload();
  Version version;
  return Value::Bool(Read(*text, version).empty());
}

Value Number(const Call& call) {
  const auto* semver = call[0].GetOpaqueAs<SemverValue>();
  if (semver == nullptr) return NoSuchOverload();
  const size_t index = call.name == "major" ? 0 : call.name == "minor" ? 1 : 2;
  return Value::Int(static_cast<int64_t>(semver->version.numbers[index]));
}

// isLessThan, isGreaterThan and compareTo, of versions and quantities.
Value CompareOwn(const Call& call) {
  std::optional<int> order = CompareQuantities(call[0], call[1]);
  const auto* first = call[0].GetOpaqueAs<SemverValue>();
  const auto* second = call[1].GetOpaqueAs<SemverValue>();
  if (first != nullptr && second != nullptr) order = first->version.Compare(second->version);
  if (!order) return NoSuchOverload();
  if (call.name == "compareTo") return Value::Int(*order);
  return Value::Bool(*order == (call.name == "isLessThan" ? -1 : 1));
}

}  // namespace

std::span<const NamedFunction> SemverFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"semver", Parse},
                                                 {"isSemver", Is},
                                                 {"major", Number},
                                                 {"minor", Number},
                                                 {"patch", Number},
                                                 {"isLessThan", CompareOwn},
                                                 {"isGreaterThan", CompareOwn},
                                                 {"compareTo", CompareOwn}};
  return kFunctions;
}

}  // namespace kvplane::cel
