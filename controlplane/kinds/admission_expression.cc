#include "kinds/admission_expression.h"

#include <map>
#include <set>
#include <utility>

#include "api/names.h"
#include "base/strings.h"
#include "kinds/metadata_validation.h"

namespace kvplane::kinds {

namespace {

using cel::ListType;
using cel::MapType;
using cel::SimpleType;
using cel::TypePtr;
using TypeKind = cel::Type::Kind;
using kvshim::base::Concat;

TypePtr Object(std::string_view name,
               std::initializer_list<std::pair<std::string_view, TypePtr>> members) {
  std::map<std::string, cel::Field, std::less<>> fields;
  for (const auto& [member, type] : members) {
    fields[*cel::Escape(member)] = {std::string(member), type};
  }
  return cel::ObjectType(name, std::move(fields));
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// What is wrong with the type of an expression; empty: nothing.
std::string FaultOfType(const cel::Type& type, ExpressionResult wanted) {
  switch (wanted) {
    case ExpressionResult::kBool:
      if (type.Is(TypeKind::kBool)) return {};
      return Concat("must evaluate to bool but got ", type.ToString());
    case ExpressionResult::kText:
      if (type.Is(TypeKind::kString)) return {};
      return Concat("must evaluate to string but got ", type.ToString());
    case ExpressionResult::kTextOrNull:
      if (type.Is(TypeKind::kString) || type.Is(TypeKind::kNull)) return {};
      return Concat("must evaluate to one of [string null_type] but got ", type.ToString());
    case ExpressionResult::kObject:
      if (type.Is(TypeKind::kObject) && type.name == "Object") return {};
      return Concat("must evaluate to Object but got ", type.ToString());
    case ExpressionResult::kPatch:
      if (type.ToString() == "list(JSONPatch)") return {};
      return Concat("must evaluate to list(JSONPatch) but got ", type.ToString());
    default:
      return {};
  }
}

// What a policy's mutations are made of.
const std::vector<TypePtr>& PatchTypes() {
  static const auto* const types = new std::vector<TypePtr>{
      cel::ObjectType("Object", {}), Object("JSONPatch", {{"op", SimpleType(TypeKind::kString)},
                                                          {"path", SimpleType(TypeKind::kString)},
                                                          {"from", SimpleType(TypeKind::kString)},
                                                          {"value", SimpleType(TypeKind::kDyn)}})};
  return *types;
}

}  // namespace

const TypePtr& AdmissionRequestType() {
  static const TypePtr type = [] {
    const TypePtr& text = SimpleType(TypeKind::kString);
    const TypePtr kind =
        Object("kubernetes.GroupVersionKind", {{"group", text}, {"version", text}, {"kind", text}});
    const TypePtr resource = Object("kubernetes.GroupVersionResource",
                                    {{"group", text}, {"version", text}, {"resource", text}});
    const TypePtr user = Object("kubernetes.UserInfo", {{"username", text},
                                                        {"uid", text},
                                                        {"groups", ListType(text)},
                                                        {"extra", MapType(text, ListType(text))}});
    return Object("kubernetes.AdmissionRequest", {{"kind", kind},
                                                  {"resource", resource},
                                                  {"subResource", text},
                                                  {"requestKind", kind},
                                                  {"requestResource", resource},
                                                  {"requestSubResource", text},
                                                  {"name", text},
                                                  {"namespace", text},
                                                  {"operation", text},
                                                  {"userInfo", user},
                                                  {"dryRun", SimpleType(TypeKind::kBool)},
                                                  {"options", SimpleType(TypeKind::kDyn)}});
  }();
  return type;
}

const TypePtr& AdmissionNamespaceType() {
  static const TypePtr type = [] {
    const TypePtr& text = SimpleType(TypeKind::kString);
    const TypePtr& number = SimpleType(TypeKind::kInt);
    const TypePtr& time = SimpleType(TypeKind::kTimestamp);
    const TypePtr condition = Object("kubernetes.NamespaceCondition", {{"status", text},
                                                                       {"type", text},
                                                                       {"lastTransitionTime", time},
                                                                       {"message", text},
                                                                       {"reason", text}});
    const TypePtr metadata =
        Object("kubernetes.NamespaceMetadata", {{"name", text},
                                                {"generateName", text},
                                                {"namespace", text},
                                                {"labels", MapType(text, text)},
                                                {"annotations", MapType(text, text)},
                                                {"UID", text},
                                                {"creationTimestamp", time},
                                                {"deletionGracePeriodSeconds", number},
                                                {"deletionTimestamp", time},
                                                {"generation", number},
                                                {"resourceVersion", text},
                                                {"finalizers", ListType(text)}});
    return Object("kubernetes.Namespace",
                  {{"metadata", metadata},
                   {"spec", Object("kubernetes.NamespaceSpec", {{"finalizers", ListType(text)}})},
                   {"status", Object("kubernetes.NamespaceStatus",
                                     {{"conditions", ListType(condition)}, {"phase", text}})}});
  }();
  return type;
}

AdmissionExpression CompileAdmissionExpression(std::string_view text, const AdmissionScope& scope,
                                               ExpressionResult wanted) {
  // What may not be named has no name, so that each variable has its place.
  const auto named = [](bool may, std::string_view name) { return std::string(may ? name : ""); };
  const TypePtr& dyn = SimpleType(TypeKind::kDyn);
  const bool checks = scope.authorizer;
  const std::vector<cel::Variable> variables = {
      {"object", dyn},
      {"oldObject", dyn},
      {"namespaceObject", AdmissionNamespaceType()},
      {"request", AdmissionRequestType()},
      {named(scope.params, "params"), dyn},
      {named(checks, "authorizer"), cel::OpaqueType("kubernetes.authorization.Authorizer")},
      {named(checks, "authorizer.requestResource"),
       cel::OpaqueType("kubernetes.authorization.ResourceCheck")},
      {named(scope.variables != nullptr, "variables"),
       scope.variables == nullptr ? dyn : scope.variables}};
  AdmissionExpression out;
  auto program =
      cel::Program::Compile(text, variables, scope.patches ? PatchTypes() : std::vector<TypePtr>());
  if (!program.ok()) {
    out.fault = Concat("compilation failed: ", kvshim::base::FromAbsl(program.status().message()));
    return out;
  }
  out.fault = FaultOfType(*program->type(), wanted);
  if (out.fault.empty()) out.program = *std::move(program);
  return out;
}

std::vector<AdmissionVariable> CompileAdmissionVariables(const json::Object& spec,
                                                         AdmissionScope& scope) {
  std::vector<AdmissionVariable> out;
  std::map<std::string, cel::Field, std::less<>> fields;
  ForEach(spec, {"variables"}, [&](const json::Object& variable) {
    const std::string name(Text(variable, {"name"}));
    // There from the first on, if only to say that one is not known yet.
    scope.variables = cel::ObjectType("kubernetes.variables", fields);
    out.push_back({name, CompileAdmissionExpression(Text(variable, {"expression"}), scope,
                                                    ExpressionResult::kAny)});
    const auto& program = out.back().expression.program;
    fields[name] = {name, program ? program->type() : SimpleType(TypeKind::kDyn)};
    scope.variables = cel::ObjectType("kubernetes.variables", fields);
  });
  return out;
}

void ValidateMatchConditions(const json::Object& holder, bool params, const std::string& field,
                             FieldErrors& errors) {
  constexpr size_t kMost = 64;
  const json::Array* conditions = FindArray(holder, {"matchConditions"});
  if (conditions != nullptr && conditions->size() > kMost) {
    errors.push_back(
        {"FieldValueTooMany", field,
         Concat("Too many: ", conditions->size(), ": must have at most ", kMost, " items")});
  }
  size_t index = 0;
  std::set<std::string, std::less<>> names;
  ForEach(holder, {"matchConditions"}, [&](const json::Object& condition) {
    const std::string at = Concat(field, "[", index++, "]");
    const std::string_view text = Text(condition, {"expression"});
    if (IsBlank(text)) {
      errors.push_back(Required(at + ".expression", ""));
    } else {
      const AdmissionExpression compiled =
          CompileAdmissionExpression(text, {.params = params}, ExpressionResult::kBool);
      if (!compiled.fault.empty()) {
        errors.push_back(Invalid(at + ".expression", ValueOf(text), compiled.fault));
      }
    }
    const std::string_view name = Text(condition, {"name"});
    if (name.empty()) {
      errors.push_back(Required(at + ".name", ""));
    } else {
      AddFaults(at + ".name", ValueOf(name), api::CheckQualifiedName(name), errors);
      if (!names.emplace(name).second) errors.push_back(Duplicate(at + ".name", ValueOf(name)));
    }
  });
}

}  // namespace kvplane::kinds
