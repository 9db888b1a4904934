#include "cel/authorizer.h"

#include <memory>
#include <utility>

#include "cel/function.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;

enum class Stage { kAuthorizer, kPath, kGroup, kResource };

constexpr std::string_view kNames[] = {
    "kubernetes.authorization.Authorizer", "kubernetes.authorization.PathCheck",
    "kubernetes.authorization.GroupCheck", "kubernetes.authorization.ResourceCheck"};

class CheckValue : public Opaque {
 public:
  CheckValue(const AccessChecks& checks, Stage stage, AccessCheck check)
      : checks(checks), stage(stage), check(std::move(check)) {}
  std::string_view TypeName() const override { return kNames[static_cast<size_t>(stage)]; }
  bool Equals(const Opaque& other) const override { return this == &other; }

  const AccessChecks& checks;
  const Stage stage;
  const AccessCheck check;
};

class DecisionValue : public Opaque {
 public:
  explicit DecisionValue(AccessChecks::Decision decision) : decision(std::move(decision)) {}
  std::string_view TypeName() const override { return "kubernetes.authorization.Decision"; }
  bool Equals(const Opaque& other) const override { return this == &other; }

  const AccessChecks::Decision decision;
};

// Goes on to another stage, with more known.
Value Refine(const Call& call) {
  const auto* value = call[0].GetOpaqueAs<CheckValue>();
  if (value == nullptr) return NoSuchOverload();
  for (size_t i = 1; i < call.size(); ++i) {
    if (!call[i].Is(Kind::kString)) return NoSuchOverload();
  }
  const std::string text(call[1].GetString());
  AccessCheck check = value->check;
  Stage stage = value->stage;
  if (call.name == "path") {
    stage = Stage::kPath;
    check.path = text;
  } else if (call.name == "group") {
    stage = Stage::kGroup;
    check.group = text;
  } else if (call.name == "serviceAccount") {
    check.service_account_namespace = text;
    check.service_account = call[2].GetString();
  } else if (call.name == "resource") {
    stage = Stage::kResource;
    check.resource = text;
  } else if (call.name == "subresource") {
    check.subresource = text;
  } else if (call.name == "namespace") {
    check.name_space = text;
  } else if (call.name == "name") {
    check.name = text;
  }
  // Selectors narrow what is asked for; roles know nothing of them.
  return Value::OpaqueOf(
      std::make_shared<const CheckValue>(value->checks, stage, std::move(check)));
}

Value Check(const Call& call) {
  constexpr int64_t kCost = 35000;
  const auto* value = call[0].GetOpaqueAs<CheckValue>();
  if (value == nullptr || !call[1].Is(Kind::kString)) return NoSuchOverload();
  if (!call.budget.Charge(kCost)) return {};
  AccessCheck check = value->check;
  check.verb = call[1].GetString();
  return Value::OpaqueOf(std::make_shared<const DecisionValue>(value->checks.Check(check)));
}

Value Ask(const Call& call) {
  const auto* value = call[0].GetOpaqueAs<DecisionValue>();
  if (value == nullptr) return NoSuchOverload();
  if (call.name == "allowed") return Value::Bool(value->decision.allowed);
  if (call.name == "reason") return Value::String(value->decision.reason);
  // To ask never fails.
  return call.name == "errored" ? Value::Bool(false) : Value::StringIn("");
}

}  // namespace

Value AuthorizerValue(const AccessChecks& checks) {
  return Value::OpaqueOf(
      std::make_shared<const CheckValue>(checks, Stage::kAuthorizer, AccessCheck()));
}

Value ResourceCheckValue(const AccessChecks& checks, AccessCheck check) {
  return Value::OpaqueOf(
      std::make_shared<const CheckValue>(checks, Stage::kResource, std::move(check)));
}

std::span<const NamedFunction> AuthorizerFunctions() {
  static constexpr NamedFunction kFunctions[] = {
      {"path", Refine},     {"group", Refine},         {"serviceAccount", Refine},
      {"resource", Refine}, {"subresource", Refine},   {"namespace", Refine},
      {"name", Refine},     {"fieldSelector", Refine}, {"labelSelector", Refine},
      {"check", Check},     {"allowed", Ask},          {"reason", Ask},
      {"error", Ask},       {"errored", Ask}};
  return kFunctions;
}

}  // namespace kvplane::cel
