#include "cel/macros.h"

#include <string_view>
#include <utility>

namespace kvplane::cel {

namespace {

using Kind = Expression::Kind;

struct Form {
  std::string_view name;
  size_t arguments;  // of which the first are names
  size_t names;
  Macro macro;
};

constexpr Form kForms[] = {
    {"all", 2, 1, Macro::kAll},
    {"all", 3, 2, Macro::kAll},
    {"exists", 2, 1, Macro::kExists},
    {"exists", 3, 2, Macro::kExists},
    {"exists_one", 2, 1, Macro::kExistsOne},
    {"exists_one", 3, 2, Macro::kExistsOne},
    {"existsOne", 2, 1, Macro::kExistsOne},
    {"existsOne", 3, 2, Macro::kExistsOne},
    {"map", 2, 1, Macro::kMap},
    {"map", 3, 1, Macro::kMap},
    {"filter", 2, 1, Macro::kFilter},
    {"transformList", 3, 2, Macro::kTransformList},
    {"transformList", 4, 2, Macro::kTransformList},
    {"transformMap", 3, 2, Macro::kTransformMap},
    {"transformMap", 4, 2, Macro::kTransformMap},
    {"transformMapEntry", 3, 2, Macro::kTransformMapEntry},
    {"transformMapEntry", 4, 2, Macro::kTransformMapEntry},
    {"sortBy", 2, 1, Macro::kSortBy},
    {"optMap", 2, 1, Macro::kOptMap},
    {"optFlatMap", 2, 1, Macro::kOptFlatMap},
};

void ExpandPresence(Expression& call, std::vector<Issue>& issues) {
  if (call.operands[0]->kind != Kind::kSelect) {
    issues.push_back({call.operands[0]->place, "invalid argument to has() macro"});
    return;
  }
  ExpressionPtr select = std::move(call.operands[0]);
  call.kind = Kind::kPresence;
  call.text = std::move(select->text);
  call.operands = std::move(select->operands);
}

// A qualified name of a library, such as lists.range, is no value to go through.
void Expand(const Form& form, Expression& call, std::vector<Issue>& issues) {
  for (size_t i = 1; i <= form.names; ++i) {
    const Expression& name = *call.operands[i];
    if (name.kind != Kind::kName) {
      issues.push_back({name.place, "argument must be a simple name"});
      return;
    }
    if (i == 2 && name.text == call.variables[0]) {
      issues.push_back({name.place, "duplicate variable name: " + name.text});
      return;
    }
    call.variables.push_back(name.text);
  }
  call.operands.erase(call.operands.begin() + 1,
                      call.operands.begin() + 1 + static_cast<std::ptrdiff_t>(form.names));
  call.kind = Kind::kMacro;
  call.macro = form.macro;
}

}  // namespace

void ExpandMacro(Expression& call, std::vector<Issue>& issues) {
  if (!call.member) {
    if (call.text == "has" && call.operands.size() == 1) ExpandPresence(call, issues);
    return;
  }
  for (const Form& form : kForms) {
    if (form.name == call.text && form.arguments + 1 == call.operands.size()) {
      Expand(form, call, issues);
      return;
    }
  }
}

}  // namespace kvplane::cel
