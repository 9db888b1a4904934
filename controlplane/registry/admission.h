// Admission: what stands between a request and the store: it completes objects, refuses them, and
// counts them. The registry asks it at every write, whoever writes.
//
// Thread safety: every method of Admission may be called from any thread that may wait. Attributes
// are one thread's.
//
//   registry.SetAdmission(&chain);
//   registry.Create(pods, "web", pod, {.requester = {.user = &user, .warnings = &warnings}});
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "kinds/kind.h"
#include "kvshim/store.h"
#include "registry/user.h"

namespace kvplane::registry {

namespace json = api::json;

using Annotations = std::map<std::string, std::string>;

// On whose behalf something is written. Everything pointed to outlives the write.
struct Requester {
  const User* user = nullptr;      // null: this server itself, which may do everything
  std::string_view group_version;  // asked for; empty: the one that is stored
  std::vector<std::string>* warnings = nullptr;  // for the answer
  Annotations* annotations = nullptr;            // for the audit log
  bool admitted = false;  // what is written was admitted already, as part of something else
};

// This server itself, among system:masters.
const User& ServerItself();

enum class Operation { kCreate, kUpdate, kDelete, kConnect };
// "CREATE", …
std::string_view NameOf(Operation operation);

// What is called once more where a webhook changed the object after others had seen it.
struct Reinvocation {
  bool wanted = false;           // by somebody who changed it
  bool under_way = false;        // the second round
  std::set<std::string> called;  // webhooks that may be called again, by what they are known as
  std::set<std::string> due;     // and that will be
  size_t changes_seen = 0;       // when the webhooks were through

  void MakeAllDue() { due.insert(called.begin(), called.end()); }
};

class Attributes {
 public:
  Operation operation = Operation::kCreate;
  const kinds::Kind* kind = nullptr;  // of what is stored
  std::string_view subresource;       // "status", "scale", "eviction", …
  std::string_view name_space;
  std::string_view name;  // empty: it has none yet
  Requester requester;
  std::string_view manager;
  bool dry_run = false;
  const json::Object* old = nullptr;  // null where there is none
  // Of a subresource with a kind of its own: its document's kind; else empty.
  std::string_view document_group_version;
  std::string_view document_kind;
  Reinvocation reinvocation;
  mutable uint64_t handlers = 0;  // admission's own: which of its parts look at the request

  void SetObject(json::Object* object) { object_ = object; }
  // What is written: of the stored version; for a subresource with a kind of its own that document.
  // Null where something is deleted.
  const json::Object* object() const { return object_; }
  // The same, to be changed.
  json::Object& Edit() {
    ++changes_;
    return *object_;
  }
  bool changed() const { return changes_ > 0; }
  size_t changes() const { return changes_; }

  const User& user() const { return requester.user == nullptr ? ServerItself() : *requester.user; }
  // Each text once.
  void Warn(std::string text) const;
  void Annotate(const std::string& key, std::string value) const;

  bool Is(std::string_view group, std::string_view plural) const {
    return kind->plural == plural && kind->group == group;
  }
  bool IsCreate() const { return operation == Operation::kCreate; }
  bool IsUpdate() const { return operation == Operation::kUpdate; }

 private:
  json::Object* object_ = nullptr;
  size_t changes_ = 0;
};

// "pods "web" is forbidden: WHY", with what stands in for a name that is not there yet.
absl::Status Refuse(const Attributes& attributes, std::string_view why);

class Admission {
 public:
  virtual ~Admission() = default;

  // Whether any part of it looks at such a request: cheap, and asked first.
  virtual bool Handles(const Attributes& attributes) const = 0;
  // Completes the object, or refuses the request.
  virtual absl::Status Mutate(Attributes& attributes) = 0;
  // Looks at the object as it will be.
  virtual absl::Status Validate(const Attributes& attributes) = 0;
  // Adds to the transaction of the write what counts it. Called again where the transaction did not
  // hold; with a dry run only to find out whether it would be refused.
  virtual absl::Status Charge(const Attributes& attributes, kvshim::TxnRequest& request) = 0;
};

}  // namespace kvplane::registry
