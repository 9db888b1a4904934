// Type: what the checker knows of a value before there is one, and what a member of a document is
// read as.
//
// An object's fields are known by the names that expressions use for them, which are not always
// those of the document ("x-y" is x__dash__y): Escape().
//
// Thread safety: immutable once made.
//
//   TypePtr list = ListType(kInt);
//   list->ToString() == "list(int)";
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvplane::cel {

struct Type;
using TypePtr = std::shared_ptr<const Type>;

// How the elements of a list are told apart where two lists are compared or added.
enum class ListIdentity : uint8_t { kPlace, kSet, kKeys };

struct Field {
  std::string member;  // of the document
  TypePtr type;
};

struct Type {
  enum class Kind : uint8_t {
    kDyn,
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kBytes,
    kTimestamp,
    kDuration,
    kList,      // of parameters[0]
    kMap,       // from parameters[0] to parameters[1]
    kOptional,  // of parameters[0]
    kType,      // of parameters[0], or of any
    kObject,    // with fields
    kOpaque,    // "kubernetes.Quantity"
    kUnknown,   // stands for any one type, by its name; told while checking
  };

  Kind kind = Kind::kDyn;
  std::string name;
  std::vector<TypePtr> parameters;
  size_t size = 1;  // of its text, in types
  std::map<std::string, Field, std::less<>> fields;
  ListIdentity identity = ListIdentity::kPlace;
  std::vector<std::string> keys;  // of documents' members, where identity is kKeys

  // The size that those parameters make.
  static size_t SizeOf(const std::vector<TypePtr>& parameters);

  bool Is(Kind other) const { return kind == other; }
  const Field* FindField(std::string_view name) const;
  // As messages name it.
  std::string ToString() const;
};

// Types without parameters.
const TypePtr& SimpleType(Type::Kind kind);
TypePtr ListType(TypePtr element);
TypePtr MapType(TypePtr key, TypePtr value);
TypePtr OptionalType(TypePtr value);
TypePtr TypeType(TypePtr of);
TypePtr OpaqueType(std::string_view name);
TypePtr ObjectType(std::string_view name, std::map<std::string, Field, std::less<>> fields);

// The types that expressions name: "int", "google.protobuf.Timestamp", "net.IP". Null for others.
TypePtr NamedType(std::string_view name);

// A member's name as expressions write it; none for what they cannot.
std::optional<std::string> Escape(std::string_view member);

}  // namespace kvplane::cel
