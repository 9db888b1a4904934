// FieldSet: a set of paths, as managedFields keep them: a tree whose nodes are members or not. That
// a path is a member says nothing of the paths below it.
//
// In JSON (FieldsV1) a node is an object by its path element; a member that has nodes below it
// holds
// "." as well:
//
//   {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}}      metadata.labels, metadata.labels.app
//
// Thread safety: a value.
//
//   FieldSet set;
//   set.Insert({PathElement::Name("spec"), PathElement::Name("replicas")});
//   set.ToJson();   // {"f:spec": {"f:replicas": {}}}
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/path_element.h"

namespace kvplane::api {

class FieldSet {
 public:
  struct Node;

  FieldSet() = default;

  // Paths of names: FieldSet({{"metadata", "name"}, {"status"}}).
  explicit FieldSet(const std::vector<std::vector<std::string>>& paths);

  // Elements of a kind that is not known are passed over.
  static absl::StatusOr<FieldSet> FromJson(const json::Value& fields);
  json::Object ToJson() const;

  // The empty path is the whole object, which nobody owns: it is not inserted.
  void Insert(const FieldsPath& path);

  bool empty() const { return nodes_.empty(); }
  bool Has(const PathElement& element) const;
  // What lies below an element; null for nothing.
  const FieldSet* Below(const PathElement& element) const;
  const std::vector<Node>& nodes() const { return nodes_; }

  FieldSet Union(const FieldSet& other) const;
  FieldSet Intersection(const FieldSet& other) const;
  // Without the members of `other`; what lies below those stays.
  FieldSet Difference(const FieldSet& other) const;
  // Without the members of `other` and all that lies below them.
  FieldSet RecursiveDifference(const FieldSet& other) const;
  // Only the members of `other` and what lies below them.
  FieldSet RecursiveIntersection(const FieldSet& other) const;

  // The members of a node before those below any.
  void ForEach(const std::function<void(const FieldsPath&)>& visit) const;

  // For building in order; `node` must sort behind all others.
  void Append(Node node);

  friend bool operator==(const FieldSet& a, const FieldSet& b);

 private:
  Node& At(const PathElement& element);
  const Node* Find(const PathElement& element) const;
  void Visit(FieldsPath& path, const std::function<void(const FieldsPath&)>& visit) const;

  std::vector<Node> nodes_;  // sorted; none without a member in it or below
};

struct FieldSet::Node {
  PathElement element;
  bool member = false;
  FieldSet below;
};

}  // namespace kvplane::api
