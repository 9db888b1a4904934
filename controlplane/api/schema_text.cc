#include "api/schema_text.h"

#include <cstddef>

// .incbin costs the compiler nothing, where an array of 170,000 numbers would cost it seconds.
#define EMBED(symbol, file)                       \
  asm(".pushsection .rodata\n"                    \
      ".global " #symbol "\n" #symbol             \
      ":\n"                                       \
      ".incbin \"" KVPLANE_SCHEMA_FOLDER "/" file \
      "\"\n"                                      \
      ".global " #symbol "_end\n" #symbol         \
      "_end:\n"                                   \
      ".byte 0\n"                                 \
      ".popsection\n")

EMBED(kvplane_kubernetes_schema, "kubernetes.schema");
EMBED(kvplane_names_table, "names.table");

extern "C" {
extern const char kvplane_kubernetes_schema[];
extern const char kvplane_kubernetes_schema_end[];
extern const char kvplane_names_table[];
extern const char kvplane_names_table_end[];
}

namespace kvplane::api {

namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view KubernetesSchemaText() {
  return Between(kvplane_kubernetes_schema, kvplane_kubernetes_schema_end);
}

std::string_view ResourceNamesText() {
  return Between(kvplane_names_table, kvplane_names_table_end);
}

}  // namespace kvplane::api
