#include "registry/registry.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/defined_object.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/ownership.h"
#include "registry/preparation.h"
#include "registry/stored_form.h"

namespace kvplane::registry {

namespace {

using kinds::Kind;
using kinds::Text;
using kvshim::base::Concat;

// How long a write that others came before is tried again: half a minute, with pauses at random
// that grow, so that nobody is overtaken for ever.
class Tries {
 public:
  bool Next() {
    if (tries_++ == 0) return true;
    if (std::chrono::steady_clock::now() > deadline_) return false;
    thread_local std::minstd_rand random(std::random_device{}());
    const int longest = std::min(tries_ * 200, 20000);  // microseconds
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<int>(0, longest)(random)));
    return true;
  }

 private:
  int tries_ = 0;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
};

const Kind& Namespaces() { return *kinds::Kinds::BuiltIn().Find("v1", "namespaces")->kind; }

void SetVersion(json::Object& object, int64_t revision) {
  kinds::Set(kinds::Child(object, "metadata"), "resourceVersion",
             json::Value(json::ToBoost(std::to_string(revision))));
}

absl::Status Terminating(const Kind& kind, std::string_view name, std::string_view name_space) {
  Failure failure = FailureOf(Forbidden(kind, name,
                                        Concat("unable to create new content in namespace ",
                                               name_space, " because it is being terminated")));
  failure.details["causes"] = json::Array{
      json::Object{{"reason", "NamespaceTerminating"},
                   {"message", Concat("namespace ", name_space, " is being terminated")},
                   {"field", "metadata.namespace"}}};
  return MakeStatus(failure);
}

absl::Status TooManyTries(const Kind& kind, std::string_view name) {
  return Conflict(kind, name, "the object is written by too many others at once");
}

kvshim::Compare AtRevision(std::string key, int64_t revision) {
  return {.target = kvshim::CompareTarget::kMod, .key = std::move(key), .number = revision};
}

Attributes AttributesOf(const Kind& kind, std::string_view name_space,
                        const WriteOptions& options) {
  Attributes attributes;
  attributes.kind = &kind;
  attributes.name_space = name_space;
  attributes.requester = options.requester;
  attributes.manager = options.manager;
  attributes.dry_run = options.dry_run;
  return attributes;
}

// An empty document of the kind, for a PUT that creates.
json::Object Empty(const Kind& kind, std::string_view name_space, std::string_view name) {
  json::Object metadata{{"name", json::ToBoost(name)}};
  if (kind.namespaced) metadata["namespace"] = json::ToBoost(name_space);
  return {{"kind", kind.name}, {"apiVersion", kind.group_version}, {"metadata", metadata}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Registry>> Registry::Open(kvshim::Store& store,
                                                         const RegistryOptions& options) {
  ASSIGN_OR_RETURN(const ServiceAddresses addresses,
                   ServiceAddresses::Make(store, options.service_range));
  std::unique_ptr<Registry> registry(new Registry(store, addresses, options.cache));
  RETURN_IF_ERROR(registry->feed_.Start());
  RETURN_IF_ERROR(registry->CreateSystemNamespaces());
  RETURN_IF_ERROR(registry->definitions_.Start());
  return registry;
}

// The feed's thread may be about to tell the definitions something.
Registry::~Registry() {
  definitions_.Stop();
  feed_.Stop();
}

absl::Status Registry::CreateSystemNamespaces() {
  for (const std::string_view name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    const absl::Status created =
        Create(Namespaces(), "", Empty(Namespaces(), "", name), {}).status();
    if (!created.ok() && !HasReason(created, "AlreadyExists")) return created;
  }
  return absl::OkStatus();
}

absl::StatusOr<Registry::Current> Registry::Read(const Kind& kind, std::string_view name_space,
                                                 std::string_view name) {
  ASSIGN_OR_RETURN(const kvshim::RangeResponse range,
                   store_.Range({.key = KeyOf(kind, name_space, name)}));
  if (range.kvs.empty()) return Current();
  const kvshim::KeyValue& kv = range.kvs[0];
  ASSIGN_OR_RETURN(json::Value object, FromStored(kind, kv.value(), kv.mod_revision()));
  return Current{std::move(object.get_object()), kv.mod_revision(), IsOutdated(kind, kv.value())};
}

absl::StatusOr<Registry::Current> Registry::ReadConverted(const Kind& kind,
                                                          std::string_view name_space,
                                                          std::string_view name) {
  ASSIGN_OR_RETURN(Current current, Read(kind, name_space, name));
  if (current.revision == 0 || !kinds::IsToBeConverted(kind, current.object)) return current;
  std::vector<json::Object> objects;
  objects.push_back(std::move(current.object));
  RETURN_IF_ERROR(Convert(*kind.definition, kind.group_version, objects));
  current.object = std::move(objects.front());
  kinds::ReadDefined(kind, current.object);
  return current;
}

absl::Status Registry::Convert(const kinds::Definition& definition,
                               const std::string& group_version,
                               std::vector<json::Object>& objects) {
  if (converter_ == nullptr) {
    return InternalError(Concat("conversion webhook for ", group_version,
                                ", Kind=", definition.names().kind,
                                " failed: this server is not ready to call it yet"));
  }
  return converter_->Convert(definition, group_version, objects);
}

Admission* Registry::AdmissionOf(const Attributes& attributes) const {
  if (admission_ == nullptr || attributes.requester.admitted) return nullptr;
  return admission_->Handles(attributes) ? admission_ : nullptr;
}

absl::Status Registry::Admit(Attributes& attributes) {
  Admission* const admission = AdmissionOf(attributes);
  if (admission == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(admission->Mutate(attributes));
  return admission->Validate(attributes);
}

absl::StatusOr<json::Object> Registry::Get(const Kind& kind, std::string_view name_space,
                                           std::string_view name) {
  ASSIGN_OR_RETURN(Current current, ReadConverted(kind, name_space, name));
  if (current.revision == 0) return NotFound(kind, name);
  return std::move(current.object);
}

absl::Status Registry::GuardNamespace(const Kind& kind, std::string_view name_space,
                                      std::string_view name, kvshim::TxnRequest& request) {
  if (!kind.namespaced) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Current found, Read(Namespaces(), "", name_space));
  if (found.revision == 0) return NotFound(Namespaces(), name_space);
  if (kinds::Has(found.object, {"metadata", "deletionTimestamp"})) {
    return Terminating(kind, name, name_space);
  }
  request.compare.push_back(AtRevision(KeyOf(Namespaces(), "", name_space), found.revision));
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Registry::Write(const Kind& kind, std::string_view name_space,
                                        const json::Object& object, int64_t expected,
                                        kvshim::TxnRequest request) {
  const std::string key = KeyOf(kind, name_space, Text(object, {"metadata", "name"}));
  ASSIGN_OR_RETURN(std::string value, ToStored(kind, object));
  request.compare.push_back(AtRevision(key, expected));
  kvshim::PutRequest put{.key = key, .value = std::move(value)};
  if (EventLease::Concerns(kind)) {
    ASSIGN_OR_RETURN(put.lease, events_.Current());
  }
  request.success.emplace_back(std::move(put));
  ASSIGN_OR_RETURN(const kvshim::TxnResponse response, store_.Txn(std::move(request)));
  return response.succeeded ? response.revision : 0;
}

absl::StatusOr<int64_t> Registry::Remove(const Kind& kind, std::string_view name_space,
                                         std::string_view name, const Current& current) {
  const std::string key = KeyOf(kind, name_space, name);
  kvshim::TxnRequest request;
  if (ServiceAddresses::Concern(kind)) {
    RETURN_IF_ERROR(addresses_.Change(&current.object, nullptr, request));
  }
  request.compare.push_back(AtRevision(key, current.revision));
  request.success.emplace_back(kvshim::DeleteRangeRequest{.key = key});
  ASSIGN_OR_RETURN(const kvshim::TxnResponse response, store_.Txn(std::move(request)));
  return response.succeeded ? response.revision : 0;
}

absl::StatusOr<json::Object> Registry::Create(const Kind& kind, std::string_view name_space,
                                              json::Object object, const WriteOptions& options) {
  RETURN_IF_ERROR(PrepareForCreate(kind, name_space, object));
  if (!options.applied) TrackOwners(kind, nullptr, options.manager, "", object);
  // A namespace that is not there, or not any more, is the first thing to be told of.
  kvshim::TxnRequest guard;
  std::string name(Text(object, {"metadata", "name"}));
  RETURN_IF_ERROR(GuardNamespace(kind, name_space, name, guard));
  Attributes attributes = AttributesOf(kind, name_space, options);
  attributes.operation = Operation::kCreate;
  attributes.name = name;
  attributes.SetObject(&object);
  Admission* const admission = AdmissionOf(attributes);
  if (admission != nullptr) {
    RETURN_IF_ERROR(admission->Mutate(attributes));
    if (attributes.changed()) RETURN_IF_ERROR(CompleteForCreate(kind, object));
  }
  RETURN_IF_ERROR(CheckValid(kind, nullptr, object));
  name = Text(object, {"metadata", "name"});
  attributes.name = name;
  if (admission != nullptr) RETURN_IF_ERROR(admission->Validate(attributes));
  for (Tries tries; tries.Next(); guard = {}) {
    kvshim::TxnRequest request = std::move(guard);
    if (request.compare.empty()) {
      RETURN_IF_ERROR(GuardNamespace(kind, name_space, name, request));
    }
    ASSIGN_OR_RETURN(const Current current, Read(kind, name_space, name));
    if (current.revision != 0) return AlreadyExists(kind, name);
    json::Object written = object;
    if (ServiceAddresses::Concern(kind)) {
      RETURN_IF_ERROR(addresses_.Change(nullptr, &written, request));
    }
    if (admission != nullptr) RETURN_IF_ERROR(admission->Charge(attributes, request));
    if (options.dry_run) return written;
    ASSIGN_OR_RETURN(const int64_t revision,
                     Write(kind, name_space, written, 0, std::move(request)));
    if (revision == 0) continue;
    SetVersion(written, revision);
    return written;
  }
  return TooManyTries(kind, name);
}

absl::StatusOr<Updated> Registry::Update(const Kind& kind, std::string_view name_space,
                                         std::string_view name, const Change& change,
                                         const UpdateOptions& options) {
  Updated updated;
  for (Tries tries; tries.Next();) {
    ASSIGN_OR_RETURN(const bool done, TryUpdate(kind, name_space, name, change, options, updated));
    if (done) return updated;
  }
  return TooManyTries(kind, name);
}

absl::StatusOr<bool> Registry::TryUpdate(const Kind& kind, std::string_view name_space,
                                         std::string_view name, const Change& change,
                                         const UpdateOptions& options, Updated& updated) {
  ASSIGN_OR_RETURN(const Current current, ReadConverted(kind, name_space, name));
  if (current.revision == 0) {
    if (!options.create_missing) return NotFound(kind, name);
    ASSIGN_OR_RETURN(json::Object object, change(Empty(kind, name_space, name)));
    auto created = Create(kind, name_space, std::move(object), options);
    if (HasReason(created.status(), "AlreadyExists")) return false;
    if (!created.ok()) return created.status();
    updated = {*std::move(created), true};
    return true;
  }
  ASSIGN_OR_RETURN(json::Object object, change(current.object));
  RETURN_IF_ERROR(PrepareForUpdate(kind, current.object, options.part, object));
  kvshim::TxnRequest request;
  if (ServiceAddresses::Concern(kind)) {
    RETURN_IF_ERROR(addresses_.Change(&current.object, &object, request));
  }
  if (!options.applied) {
    TrackOwners(kind, &current.object, options.manager, options.part, object);
  }
  Attributes attributes = AttributesOf(kind, name_space, options);
  attributes.operation = Operation::kUpdate;
  attributes.subresource = options.part;
  attributes.name = name;
  attributes.old = &current.object;
  attributes.SetObject(&object);
  Admission* const admission = AdmissionOf(attributes);
  if (admission != nullptr) {
    RETURN_IF_ERROR(admission->Mutate(attributes));
    if (attributes.changed()) {
      RETURN_IF_ERROR(PrepareForUpdate(kind, current.object, options.part, object));
    }
  }
  RETURN_IF_ERROR(CheckValid(kind, &current.object, object));
  if (admission != nullptr) {
    RETURN_IF_ERROR(admission->Validate(attributes));
    RETURN_IF_ERROR(admission->Charge(attributes, request));
  }
  // An object of an older version is written again though nothing changes: so it comes to be of the
  // version that is stored now.
  const bool same =
      !current.outdated && api::JsonEqual(json::Value(object), json::Value(current.object));
  if (same || options.dry_run) {
    updated = {std::move(object), false};
    return true;
  }
  const bool gone = MayGo(kind, object);
  ASSIGN_OR_RETURN(const int64_t revision,
                   gone ? Remove(kind, name_space, name, current)
                        : Write(kind, name_space, object, current.revision, std::move(request)));
  if (revision == 0) return false;
  SetVersion(object, revision);
  updated = {std::move(object), false};
  return true;
}

absl::StatusOr<Deleted> Registry::Delete(const Kind& kind, std::string_view name_space,
                                         std::string_view name, const DeleteOptions& options) {
  Deleted deleted;
  for (Tries tries; tries.Next();) {
    ASSIGN_OR_RETURN(const bool done, TryDelete(kind, name_space, name, options, deleted));
    if (done) return deleted;
  }
  return TooManyTries(kind, name);
}

absl::StatusOr<bool> Registry::TryDelete(const Kind& kind, std::string_view name_space,
                                         std::string_view name, const DeleteOptions& options,
                                         Deleted& deleted) {
  ASSIGN_OR_RETURN(const Current current, Read(kind, name_space, name));
  if (current.revision == 0) return NotFound(kind, name);
  RETURN_IF_ERROR(CheckPreconditions(kind, options, current.object));
  Attributes attributes;
  attributes.operation = Operation::kDelete;
  attributes.kind = &kind;
  attributes.name_space = name_space;
  attributes.name = name;
  attributes.requester = options.requester;
  attributes.dry_run = options.dry_run;
  attributes.old = &current.object;
  if (Admission* const admission = AdmissionOf(attributes)) {
    RETURN_IF_ERROR(admission->Mutate(attributes));
    RETURN_IF_ERROR(admission->Validate(attributes));
  }
  Deletion deletion = PlanDeletion(kind, options, current.object);
  deleted.gone = deletion.step == Deletion::Step::kRemove;
  deleted.object = std::move(deletion.object);
  if (options.dry_run || deletion.step == Deletion::Step::kNothing) return true;
  RETURN_IF_ERROR(MakeCanonical(kind, deleted.object));
  ASSIGN_OR_RETURN(const int64_t revision,
                   deleted.gone ? Remove(kind, name_space, name, current)
                                : Write(kind, name_space, deleted.object, current.revision, {}));
  if (revision == 0) return false;
  SetVersion(deleted.object, revision);
  return true;
}

absl::StatusOr<Registry::Page> Registry::ReadAt(const Kind& kind, std::string_view prefix,
                                                std::string_view key, int64_t revision,
                                                int64_t limit) {
  auto range = store_.Range({.key = std::string(key),
                             .range_end = RangeEnd(std::string(prefix)),
                             .limit = limit,
                             .revision = revision});
  if (range.status().code() == absl::StatusCode::kOutOfRange) {
    return Expired("The resourceVersion for the provided list is too old.");
  }
  if (!range.ok()) return range.status();
  Page page{.more = range->more, .count = range->count};
  for (const kvshim::KeyValue& kv : range->kvs) {
    ASSIGN_OR_RETURN(StoredObjectPtr object,
                     StoredObject::Read(kind, kv.key(), kv.value(), kv.mod_revision()));
    page.objects.push_back(std::move(object));
  }
  return page;
}

absl::StatusOr<int64_t> Registry::CurrentRevision() {
  ASSIGN_OR_RETURN(const kvshim::RangeResponse range,
                   store_.Range({.key = Namespaces().prefix, .count_only = true}));
  return range.revision;
}

}  // namespace kvplane::registry
