#include "api/field_set.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using Node = FieldSet::Node;

// Goes through both in order; calls with what each has, null where it has nothing.
template <typename Visit>
void Zip(const std::vector<Node>& a, const std::vector<Node>& b, const Visit& visit) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    const int order = left == a.end()    ? 1
                      : right == b.end() ? -1
                                         : left->element.Compare(right->element);
    visit(order <= 0 ? &*left : nullptr, order >= 0 ? &*right : nullptr);
    if (order <= 0) ++left;
    if (order >= 0) ++right;
  }
}

}  // namespace

FieldSet::FieldSet(const std::vector<std::vector<std::string>>& paths) {
  for (const auto& names : paths) {
    FieldsPath path;
    for (const std::string& name : names) path.push_back(PathElement::Name(name));
    Insert(path);
  }
}

absl::StatusOr<FieldSet> FieldSet::FromJson(const json::Value& fields) {
  if (!fields.is_object()) {
    return absl::InvalidArgumentError("managed fields must be an object");
  }
  FieldSet set;
  for (const auto& member : fields.get_object()) {
    const std::string_view key = json::View(member.key());
    if (key == ".") continue;
    auto element = PathElement::Parse(key);
    if (absl::IsNotFound(element.status())) continue;
    if (!element.ok()) return std::move(element).status();
    ASSIGN_OR_RETURN(FieldSet below, FromJson(member.value()));
    // An object without nodes is a member, and so is one with a dot.
    const json::Object& object = member.value().get_object();
    Node& node = set.At(*element);
    node.member = below.empty() || json::Find(object, ".") != nullptr;
    node.below = std::move(below);
  }
  return set;
}

json::Object FieldSet::ToJson() const {
  json::Object object;
  object.reserve(nodes_.size() + 1);
  for (const Node& node : nodes_) {
    json::Object below;
    if (!node.below.empty()) {
      if (node.member) below.emplace(".", json::Object());
      for (auto& member : node.below.ToJson()) {
        below.emplace(member.key(), std::move(member.value()));
      }
    }
    object.emplace(json::ToBoost(node.element.Serialize()), std::move(below));
  }
  return object;
}

Node& FieldSet::At(const PathElement& element) {
  const auto found =
      std::lower_bound(nodes_.begin(), nodes_.end(), element,
                       [](const Node& node, const PathElement& e) { return node.element < e; });
  if (found != nodes_.end() && found->element == element) return *found;
  return *nodes_.insert(found, Node{element, false, {}});
}

const Node* FieldSet::Find(const PathElement& element) const {
  const auto found =
      std::lower_bound(nodes_.begin(), nodes_.end(), element,
                       [](const Node& node, const PathElement& e) { return node.element < e; });
  return found != nodes_.end() && found->element == element ? &*found : nullptr;
}

void FieldSet::Insert(const FieldsPath& path) {
  FieldSet* set = this;
  Node* node = nullptr;
  for (const PathElement& element : path) {
    node = &set->At(element);
    set = &node->below;
  }
  if (node != nullptr) node->member = true;
}

void FieldSet::Append(Node node) {
  if (node.member || !node.below.empty()) nodes_.push_back(std::move(node));
}

bool FieldSet::Has(const PathElement& element) const {
  const Node* node = Find(element);
  return node != nullptr && node->member;
}

const FieldSet* FieldSet::Below(const PathElement& element) const {
  const Node* node = Find(element);
  return node == nullptr || node->below.empty() ? nullptr : &node->below;
}

FieldSet FieldSet::Union(const FieldSet& other) const {
  FieldSet result;
  Zip(nodes_, other.nodes_, [&result](const Node* a, const Node* b) {
    if (a != nullptr && b != nullptr) {
      result.Append({a->element, a->member || b->member, a->below.Union(b->below)});
    } else {
      result.Append(a != nullptr ? *a : *b);
    }
  });
  return result;
}

FieldSet FieldSet::Intersection(const FieldSet& other) const {
  FieldSet result;
  Zip(nodes_, other.nodes_, [&result](const Node* a, const Node* b) {
    if (a == nullptr || b == nullptr) return;
    result.Append({a->element, a->member && b->member, a->below.Intersection(b->below)});
  });
  return result;
}

FieldSet FieldSet::Difference(const FieldSet& other) const {
  FieldSet result;
  Zip(nodes_, other.nodes_, [&result](const Node* a, const Node* b) {
    if (a == nullptr) return;
    if (b == nullptr) {
      result.Append(*a);
    } else {
      result.Append({a->element, a->member && !b->member, a->below.Difference(b->below)});
    }
  });
  return result;
}

FieldSet FieldSet::RecursiveDifference(const FieldSet& other) const {
  FieldSet result;
  Zip(nodes_, other.nodes_, [&result](const Node* a, const Node* b) {
    if (a == nullptr || (b != nullptr && b->member)) return;
    if (b == nullptr) {
      result.Append(*a);
    } else {
      result.Append({a->element, a->member, a->below.RecursiveDifference(b->below)});
    }
  });
  return result;
}

FieldSet FieldSet::RecursiveIntersection(const FieldSet& other) const {
  FieldSet result;
  Zip(nodes_, other.nodes_, [&result](const Node* a, const Node* b) {
    if (a == nullptr || b == nullptr) return;
    if (b->member) {
      result.Append(*a);
    } else {
      result.Append({a->element, false, a->below.RecursiveIntersection(b->below)});
    }
  });
  return result;
}

void FieldSet::Visit(FieldsPath& path, const std::function<void(const FieldsPath&)>& visit) const {
  for (const bool members : {true, false}) {
    for (const Node& node : nodes_) {
      path.push_back(node.element);
      if (members && node.member) visit(path);
      if (!members) node.below.Visit(path, visit);
      path.pop_back();
    }
  }
}

void FieldSet::ForEach(const std::function<void(const FieldsPath&)>& visit) const {
  FieldsPath path;
  Visit(path, visit);
}

bool operator==(const FieldSet& a, const FieldSet& b) {
  return std::equal(a.nodes_.begin(), a.nodes_.end(), b.nodes_.begin(), b.nodes_.end(),
                    [](const Node& x, const Node& y) {
                      return x.element == y.element && x.member == y.member && x.below == y.below;
                    });
}

}  // namespace kvplane::api
