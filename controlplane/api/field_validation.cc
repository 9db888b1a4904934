#include "api/field_validation.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "api/json.h"
#include "api/quote.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

constexpr size_t kMostFaults = 100;

// What is known of a value before it begins.
struct Expectation {
  enum class Kind { kUntyped, kOpaque, kMessage, kList, kMap };
  Kind kind = Kind::kUntyped;
  const Message* message = nullptr;
  const Field* field = nullptr;  // of lists and maps
};

Expectation ExpectElement(const Field& field) {
  switch (field.type) {
    case Type::kMessage:
      return {Expectation::Kind::kMessage, field.message, nullptr};
    case Type::kAny:
      return {};
    default:
      return {Expectation::Kind::kOpaque, nullptr, nullptr};
  }
}

Expectation Expect(const Field& field) {
  switch (field.shape) {
    case Shape::kList:
      return {Expectation::Kind::kList, nullptr, &field};
    case Shape::kMap:
      return {Expectation::Kind::kMap, nullptr, &field};
    case Shape::kSingle:
      break;
  }
  return ExpectElement(field);
}

struct Frame {
  Expectation value;
  bool array = false;
  size_t index = 0;  // of the next element
  std::string key;   // of the current member
  std::vector<bool> seen_slots;
  absl::flat_hash_set<std::string> seen_keys;
};

// What Boost's parser calls, event by event.
class FaultFinder {
 public:
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  explicit FaultFinder(const Message* message) {
    if (message != nullptr) next_ = {Expectation::Kind::kMessage, message, nullptr};
  }

  std::vector<std::string> Take() { return std::move(faults_); }

  using Error = boost::json::error_code;
  using Text = boost::json::string_view;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return Begin(false); }
  bool on_object_end(size_t, Error&) { return End(); }
  bool on_array_begin(Error&) { return Begin(true); }
  bool on_array_end(size_t, Error&) { return End(); }
  bool on_key_part(Text text, size_t, Error&) {
    key_ += json::View(text);
    return true;
  }
  bool on_key(Text text, size_t, Error&) {
    key_ += json::View(text);
    if (opaque_depth_ == 0) Key();
    key_.clear();
    return true;
  }
  bool on_string_part(Text, size_t, Error&) { return true; }
  bool on_string(Text, size_t, Error&) { return Scalar(); }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(int64_t, Text, Error&) { return Scalar(); }
  bool on_uint64(uint64_t, Text, Error&) { return Scalar(); }
  bool on_double(double, Text, Error&) { return Scalar(); }
  bool on_bool(bool, Error&) { return Scalar(); }
  bool on_null(Error&) { return Scalar(); }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  bool Begin(bool array) {
    if (opaque_depth_ > 0 || next_.kind == Expectation::Kind::kOpaque) {
      ++opaque_depth_;
      return true;
    }
    frames_.push_back({.value = next_, .array = array});
    if (next_.kind == Expectation::Kind::kMessage) {
      frames_.back().seen_slots.resize(next_.message->slots.size());
    }
    if (array) ExpectNextElement();
    return true;
  }

  bool End() {
    if (opaque_depth_ > 0) {
      --opaque_depth_;
    } else {
      frames_.pop_back();
    }
    return Scalar();
  }

  // A value ended.
  bool Scalar() {
    if (opaque_depth_ > 0 || frames_.empty() || !frames_.back().array) return true;
    ++frames_.back().index;
    ExpectNextElement();
    return true;
  }

  void ExpectNextElement() {
    const Frame& frame = frames_.back();
    next_ = frame.value.kind == Expectation::Kind::kList ? ExpectElement(*frame.value.field)
                                                         : Expectation();
  }

  void Key() {
    Frame& frame = frames_.back();
    frame.key = key_;
    if (frame.value.kind != Expectation::Kind::kMessage) {
      if (!frame.seen_keys.insert(key_).second) Report("duplicate field ");
      next_ = frame.value.kind == Expectation::Kind::kMap ? ExpectElement(*frame.value.field)
                                                          : Expectation();
      return;
    }
    const int slot = frame.value.message->Find(key_);
    if (slot == Message::kNotFound) {
      Report("unknown field ");
      next_ = {Expectation::Kind::kOpaque, nullptr, nullptr};
      return;
    }
    const auto at = static_cast<size_t>(slot);
    if (frame.seen_slots[at]) Report("duplicate field ");
    frame.seen_slots[at] = true;
    next_ = Expect(*frame.value.message->slots[at]);
  }

  void Report(std::string_view what) {
    if (faults_.size() >= kMostFaults) return;
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.array) {
        path += Concat("[", frame.index, "]");
      } else {
        if (!path.empty()) path += '.';
        path += frame.key;
      }
    }
    std::string fault = Concat(what, Quoted(path));
    if (std::find(faults_.begin(), faults_.end(), fault) == faults_.end()) {
      faults_.push_back(std::move(fault));
    }
  }

  Expectation next_;
  std::vector<Frame> frames_;
  size_t opaque_depth_ = 0;
  std::string key_;
  std::vector<std::string> faults_;
};

}  // namespace

absl::StatusOr<FieldValidation> ParseFieldValidation(std::string_view text) {
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Strict") return FieldValidation::kStrict;
  if (text == "Ignore") return FieldValidation::kIgnore;
  return absl::InvalidArgumentError(Concat("fieldValidation: Unsupported value: ", Quoted(text),
                                           ": supported values: \"Ignore\", \"Strict\", \"Warn\""));
}

std::vector<std::string> FindFieldFaults(const Message* message, std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<FaultFinder> parser(options, message);
  boost::json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return parser.handler().Take();
}

std::string StrictDecodingError(const std::vector<std::string>& faults) {
  std::string out = "strict decoding error: ";
  for (size_t i = 0; i < faults.size(); ++i) {
    if (i > 0) out += ", ";
    out += faults[i];
  }
  return out;
}

}  // namespace kvplane::api
