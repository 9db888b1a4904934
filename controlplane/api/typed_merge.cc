#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "api/typed_document.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using Kind = MergeType::Kind;
using kvshim::base::Concat;

// Nothing comes of two empty sides.
using Merged = absl::StatusOr<json::Value>;

Merged Merge(const MergeType& type, const json::Value* live, const json::Value* applied);

bool IsBare(const json::Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (value->is_object()) return value->get_object().empty();
  return value->is_array() && value->get_array().empty();
}

Merged MergeObjects(const MergeType& type, const json::Value* live, const json::Value* applied) {
  json::Object object;
  const json::Object* new_object =
      applied != nullptr && applied->is_object() ? &applied->get_object() : nullptr;
  const json::Object* old_object =
      live != nullptr && live->is_object() ? &live->get_object() : nullptr;
  const auto merge = [&](std::string_view name, const json::Value* a,
                         const json::Value* b) -> absl::Status {
    ASSIGN_OR_RETURN(json::Value value, Merge(type.Member(name), a, b));
    object.emplace(json::ToBoost(name), std::move(value));
    return absl::OkStatus();
  };
  if (old_object != nullptr) {
    for (const auto& member : *old_object) {
      const std::string_view name = json::View(member.key());
      RETURN_IF_ERROR(merge(name, &member.value(),
                            new_object == nullptr ? nullptr : json::Find(*new_object, name)));
    }
  }
  if (new_object != nullptr) {
    for (const auto& member : *new_object) {
      const std::string_view name = json::View(member.key());
      if (old_object != nullptr && json::Find(*old_object, name) != nullptr) continue;
      RETURN_IF_ERROR(merge(name, nullptr, &member.value()));
    }
  }
  return object;
}

struct Elements {
  std::vector<PathElement> paths;
  std::map<PathElement, const json::Value*> values;  // null where there are several
};

absl::StatusOr<Elements> Indexed(const MergeType& type, const json::Value* list,
                                 bool allow_duplicates) {
  Elements elements;
  if (list == nullptr || !list->is_array()) return elements;
  for (const json::Value& value : list->get_array()) {
    ASSIGN_OR_RETURN(const PathElement path, type.ElementPath(value));
    const bool first = elements.values.emplace(path, &value).second;
    if (!first && !allow_duplicates) {
      return absl::InvalidArgumentError(Concat("duplicate entries for key ", path.ToString()));
    }
    if (!first) elements.values[path] = nullptr;
    elements.paths.push_back(path);
  }
  return elements;
}

// Merges two lists by their elements' keys. Those of the applied list keep its order; each of the
// others stays behind the shared one that it followed in the live list, as far as that goes.
//
// Worked example: live [a b c d], applied [c e a]: the shared ones, as applied: c a. From the
// front: live's a is shared but not the next one (c), so it waits; b is live's own: out; c is the
// next: out; then d, live's own; applied's e, new: out; applied's a: out. The result is [b c d e
// a].
class ListMerger {
 public:
  ListMerger(const MergeType& type, const json::Array& live, Elements old_elements,
             Elements new_elements)
      : type_(type), live_(live), old_(std::move(old_elements)), new_(std::move(new_elements)) {
    for (const PathElement& path : new_.paths) {
      if (old_.values.contains(path)) shared_.push_back(path);
    }
  }

  Merged Run() {
    size_t left = 0;
    size_t right = 0;
    while (left < old_.paths.size() || right < new_.paths.size()) {
      const bool has_left = left < old_.paths.size();
      const bool has_right = right < new_.paths.size();
      if (has_left && !new_.values.contains(old_.paths[left])) {
        RETURN_IF_ERROR(Emit(&live_[left], nullptr));
        ++left;
        continue;
      }
      if (has_left && has_right) {
        if (old_.paths[left] == new_.paths[right]) {
          RETURN_IF_ERROR(EmitShared(new_.paths[right]));
          ++left;
          ++right;
          continue;
        }
        if (!shared_.empty() && !(shared_.front() == old_.paths[left])) {
          ++left;  // its turn comes with the applied list
          continue;
        }
      }
      if (has_left && merged_.contains(old_.paths[left])) ++left;
      if (!has_right) {
        continue;
      }
      RETURN_IF_ERROR(EmitShared(new_.paths[right]));
      ++right;
    }
    if (result_.empty()) return nullptr;
    return std::move(result_);
  }

 private:
  absl::Status EmitShared(const PathElement& path) {
    merged_.insert(path);
    if (!shared_.empty() && shared_.front() == path) shared_.pop_front();
    const auto old_value = old_.values.find(path);
    return Emit(old_value == old_.values.end() ? nullptr : old_value->second, new_.values.at(path));
  }

  absl::Status Emit(const json::Value* old_value, const json::Value* new_value) {
    ASSIGN_OR_RETURN(json::Value value, Merge(type_.Element(), old_value, new_value));
    result_.push_back(std::move(value));
    return absl::OkStatus();
  }

  const MergeType& type_;
  const json::Array& live_;
  Elements old_;
  Elements new_;
  std::deque<PathElement> shared_;  // those of both that are still to come, as applied
  std::set<PathElement> merged_;
  json::Array result_;
};

Merged MergeLists(const MergeType& type, const json::Value* live, const json::Value* applied) {
  static const json::Array none;
  ASSIGN_OR_RETURN(Elements new_elements, Indexed(type, applied, false));
  ASSIGN_OR_RETURN(Elements old_elements, Indexed(type, live, true));
  return ListMerger(type, live != nullptr && live->is_array() ? live->get_array() : none,
                    std::move(old_elements), std::move(new_elements))
      .Run();
}

Merged Merge(const MergeType& type, const json::Value* live, const json::Value* applied) {
  if (live == nullptr && applied == nullptr) return nullptr;
  const json::Value& shown = applied != nullptr ? *applied : *live;
  const Kind kind = type.KindOf(shown);
  const bool bare = kind != Kind::kScalar && IsBare(live) && IsBare(applied);
  if (kind == Kind::kScalar || type.atomic(kind) || bare) return shown;
  return kind == Kind::kObject ? MergeObjects(type, live, applied)
                               : MergeLists(type, live, applied);
}

}  // namespace

absl::StatusOr<json::Value> MergeTyped(const MergeType& type, const json::Value& live,
                                       const json::Value& applied) {
  return Merge(type, &live, &applied);
}

}  // namespace kvplane::api
