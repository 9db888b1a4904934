// SchemaReader: reads the table's lines into a Schema. generate.py describes the form.
//
// Thread safety: none; used while a schema is made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "api/schema.h"

namespace kvplane::api {

class SchemaReader {
 public:
  explicit SchemaReader(Schema& schema) : schema_(schema) {}

  absl::Status Read(std::string_view table, std::string_view names);

 private:
  using Words = std::vector<std::string_view>;

  bool ReadLine(const Words& words, bool indented);
  bool ReadPackage(const Words& words);
  bool ReadMessage(const Words& words);
  bool ReadField(const Words& words);
  bool ReadType(std::string_view word, Field& field);
  bool ReadFlag(std::string_view word, Field& field);
  bool ReadResource(const Words& words);
  bool ReadSubresource(const Words& words);
  absl::Status ReadNames(std::string_view names);
  bool ReadName(const Words& words);
  absl::Status Resolve();
  void Link(Message& message);
  std::string Absolute(std::string_view reference) const;

  Schema& schema_;
  std::string_view package_;
  std::string_view alias_;
  std::string_view group_version_;
  bool in_resource_ = false;
  bool has_list_type_ = false;  // the field that is read says one
  // References to messages, by name, until all are read: "core/v1.Pod".
  struct Reference {
    size_t message;
    size_t field;
    std::string name;
  };
  std::vector<Reference> references_;
  struct KindReference {
    std::string_view group_version;  // empty: a kind of every group and version
    std::string_view kind;
    std::string name;
  };
  std::vector<KindReference> kinds_;
  absl::flat_hash_map<std::string, Message*> by_alias_;
};

}  // namespace kvplane::api
