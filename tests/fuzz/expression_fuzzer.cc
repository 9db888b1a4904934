// Any text as an expression: it is compiled or refused, and what is compiled is evaluated within
// its budget.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cel/document.h"
#include "cel/program.h"

namespace {

namespace cel = kvplane::cel;

const kvplane::api::json::Value& Document() {
  static const auto* const document = new kvplane::api::json::Value(*kvplane::api::ParseJson(
      R"({"n":3,"s":"text","l":[1,2,3],"m":{"a":"b"},"none":null,"d":1.5})"));
  return *document;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kSteps = 20000;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const cel::TypePtr& dyn = cel::SimpleType(cel::Type::Kind::kDyn);
  const auto program = cel::Program::Compile(text, {{"x", dyn}});
  if (!program.ok()) return 0;
  cel::Budget budget(kSteps);
  program->Evaluate({cel::FromJson(Document(), dyn)}, budget);
  return 0;
}
