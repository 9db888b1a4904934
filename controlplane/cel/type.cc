#include "cel/type.h"

#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "base/strings.h"

namespace kvplane::cel {

namespace {

using kvshim::base::Concat;
using Kind = Type::Kind;

constexpr std::string_view kSimpleNames[] = {"dyn",
                                             "null",
                                             "bool",
                                             "int",
                                             "uint",
                                             "double",
                                             "string",
                                             "bytes",
                                             "google.protobuf.Timestamp",
                                             "google.protobuf.Duration"};

constexpr std::string_view kOpaqueNames[] = {"kubernetes.Quantity",
                                             "kubernetes.URL",
                                             "kubernetes.NamedFormat",
                                             "kubernetes.Semver",
                                             "net.IP",
                                             "net.CIDR",
                                             "kubernetes.authorization.Authorizer",
                                             "kubernetes.authorization.PathCheck",
                                             "kubernetes.authorization.GroupCheck",
                                             "kubernetes.authorization.ResourceCheck",
                                             "kubernetes.authorization.Decision"};

TypePtr Make(Kind kind, std::vector<TypePtr> parameters = {}, std::string_view name = {}) {
  auto type = std::make_shared<Type>();
  type->kind = kind;
  type->size = Type::SizeOf(parameters);
  type->parameters = std::move(parameters);
  type->name = name;
  return type;
}

std::string Parameters(const Type& type) {
  std::string out;
  for (const TypePtr& one : type.parameters) out += (out.empty() ? "" : ", ") + one->ToString();
  return out.empty() ? out : Concat("(", out, ")");
}

bool IsReserved(std::string_view name) {
  static const std::set<std::string_view> kWords = {
      "true",     "false",   "null",      "in",       "as",  "break",  "const",
      "continue", "else",    "for",       "function", "if",  "import", "let",
      "loop",     "package", "namespace", "return",   "var", "void",   "while"};
  return kWords.contains(name);
}

}  // namespace

size_t Type::SizeOf(const std::vector<TypePtr>& parameters) {
  size_t size = 1;
  for (const TypePtr& one : parameters) size += one->size;
  return size;
}

const Field* Type::FindField(std::string_view wanted) const {
  const auto found = fields.find(wanted);
  return found == fields.end() ? nullptr : &found->second;
}

std::string Type::ToString() const {
  switch (kind) {
    case Kind::kList:
      return "list" + Parameters(*this);
    case Kind::kMap:
      return "map" + Parameters(*this);
    case Kind::kOptional:
      return "optional_type" + Parameters(*this);
    case Kind::kType:
      return "type" + Parameters(*this);
    case Kind::kObject:
    case Kind::kOpaque:
    case Kind::kUnknown:
      return name;
    default:
      return std::string(kSimpleNames[static_cast<size_t>(kind)]);
  }
}

const TypePtr& SimpleType(Kind kind) {
  static const auto* const kTypes = [] {
    auto* types = new std::array<TypePtr, std::size(kSimpleNames)>();
    for (size_t i = 0; i < types->size(); ++i) (*types)[i] = Make(static_cast<Kind>(i));
    return types;
  }();
  return (*kTypes)[static_cast<size_t>(kind)];
}

TypePtr ListType(TypePtr element) { return Make(Kind::kList, {std::move(element)}); }
TypePtr MapType(TypePtr key, TypePtr value) {
  return Make(Kind::kMap, {std::move(key), std::move(value)});
}
TypePtr OptionalType(TypePtr value) { return Make(Kind::kOptional, {std::move(value)}); }
TypePtr TypeType(TypePtr of) {
  return of == nullptr ? Make(Kind::kType) : Make(Kind::kType, {std::move(of)});
}
TypePtr OpaqueType(std::string_view name) { return Make(Kind::kOpaque, {}, name); }

TypePtr ObjectType(std::string_view name, std::map<std::string, Field, std::less<>> fields) {
  auto type = std::make_shared<Type>();
  type->kind = Kind::kObject;
  type->name = name;
  type->fields = std::move(fields);
  return type;
}

TypePtr NamedType(std::string_view name) {
  for (size_t i = 0; i < std::size(kSimpleNames); ++i) {
    const auto kind = static_cast<Kind>(i);
    if (name == kSimpleNames[i] && kind < Kind::kTimestamp && kind != Kind::kNull) {
      return SimpleType(kind);
    }
  }
  if (name == "null_type") return SimpleType(Kind::kNull);
  if (name == "google.protobuf.Timestamp") return SimpleType(Kind::kTimestamp);
  if (name == "google.protobuf.Duration") return SimpleType(Kind::kDuration);
  const TypePtr& dyn = SimpleType(Kind::kDyn);
  if (name == "list") return ListType(dyn);
  if (name == "map") return MapType(dyn, dyn);
  if (name == "optional_type") return OptionalType(dyn);
  if (name == "type") return TypeType(nullptr);
  for (const std::string_view opaque : kOpaqueNames) {
    if (name == opaque) return OpaqueType(opaque);
  }
  return nullptr;
}

std::optional<std::string> Escape(std::string_view member) {
  if (member.empty() || std::isdigit(static_cast<unsigned char>(member[0])) != 0) {
    return std::nullopt;
  }
  if (IsReserved(member)) return Concat("__", member, "__");
  std::string out;
  for (size_t i = 0; i < member.size(); ++i) {
    const char c = member[i];
    if (member.substr(i, 2) == "__") {
      out += "__underscores__";
      ++i;
    } else if (c == '.') {
      out += "__dot__";
    } else if (c == '-') {
      out += "__dash__";
    } else if (c == '/') {
      out += "__slash__";
    } else if (c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += c;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace kvplane::cel
