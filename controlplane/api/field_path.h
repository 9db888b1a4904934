// FieldPath: where in a document something is, as a chain on the stack of the functions that walk
// it.
//
// Thread safety: none; a path must not outlive its parent.
//
//   FieldPath spec(path, "spec");
//   FieldPath container(FieldPath(spec, "containers"), 0);
//   container.ToString() == "spec.containers[0]";
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kvplane::api {

class FieldPath {
 public:
  FieldPath() = default;
  FieldPath(const FieldPath& parent, std::string_view name)
      : parent_(&parent), name_(name), depth_(parent.depth_ + 1) {}
  FieldPath(const FieldPath& parent, size_t index)
      : parent_(&parent), index_(index), step_(Step::kIndex), depth_(parent.depth_ + 1) {}
  // The entry of a map.
  static FieldPath Key(const FieldPath& parent, std::string_view key) {
    FieldPath path(parent, key);
    path.step_ = Step::kKey;
    return path;
  }

  size_t depth() const { return depth_; }

  // "spec.containers[0].name", or "" for the whole document.
  std::string ToString() const { return Join(true); }
  // "spec.containers.name": without indexes and keys, as Go's decoder names fields.
  std::string OfFields() const { return Join(false); }

 private:
  enum class Step { kField, kKey, kIndex };

  std::string Join(bool whole) const {
    if (parent_ == nullptr) return {};
    std::string out = parent_->Join(whole);
    if (step_ != Step::kField && !whole) return out;
    if (step_ == Step::kIndex) {
      return out.append("[").append(std::to_string(index_)).append("]");
    }
    if (!out.empty()) out += '.';
    return out.append(name_);
  }

  const FieldPath* parent_ = nullptr;
  std::string_view name_;
  size_t index_ = 0;
  Step step_ = Step::kField;
  size_t depth_ = 0;
};

}  // namespace kvplane::api
