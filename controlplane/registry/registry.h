// Registry: the objects of the API in a store: created, read, changed and deleted as Kubernetes
// does it, and the caches that lists and watches come from.
//
// Objects go in and out in the version that is stored, canonical, resourceVersion included: the
// store's revision of their last change. Failures are those of failure.h.
//
// Thread safety: every method may be called from any thread that may wait for the store.
//
//   ASSIGN_OR_RETURN(auto registry, Registry::Open(store, {}));
//   ASSIGN_OR_RETURN(json::Object pod, registry->Create(pods, "default", document, {}));
//   ASSIGN_OR_RETURN(pod, registry->Update(pods, "default", "web", change, {}));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/kind.h"
#include "kinds/served_kinds.h"
#include "kvshim/store.h"
#include "registry/admission.h"
#include "registry/converter.h"
#include "registry/definitions.h"
#include "registry/deletion.h"
#include "registry/event_lease.h"
#include "registry/feed.h"
#include "registry/service_addresses.h"
#include "registry/stored_object.h"

namespace kvplane::registry {

// Who writes, and whether really.
struct WriteOptions {
  Requester requester;
  std::string manager = "kvplane";  // who comes to own the fields that are written
  bool applied = false;             // the object's managed fields are as they are to be
  bool dry_run = false;
};

struct UpdateOptions : WriteOptions {
  std::string part;  // the subresource: "" (all but the status), "status", "scale", "finalize"
  bool create_missing = false;  // what is not there is created, from an empty object
};

struct Updated {
  json::Object object;
  bool created = false;
};

struct Deleted {
  json::Object object;  // as it was last, or is now
  bool gone = false;    // false: it is marked, and waits for its grace or finalizers
};

struct RegistryOptions {
  WatchCacheOptions cache;
  std::string service_range = "10.43.0.0/16";  // of services' addresses
};

// The object as it is to be; called again where another write came between.
using Change = std::function<absl::StatusOr<json::Object>(const json::Object& current)>;

class Registry {
 public:
  // Creates the namespaces that every cluster has.
  static absl::StatusOr<std::unique_ptr<Registry>> Open(kvshim::Store& store,
                                                        const RegistryOptions& options);
  ~Registry();

  absl::StatusOr<json::Object> Get(const kinds::Kind& kind, std::string_view name_space,
                                   std::string_view name);
  absl::StatusOr<json::Object> Create(const kinds::Kind& kind, std::string_view name_space,
                                      json::Object object, const WriteOptions& options);
  absl::StatusOr<Updated> Update(const kinds::Kind& kind, std::string_view name_space,
                                 std::string_view name, const Change& change,
                                 const UpdateOptions& options);
  absl::StatusOr<Deleted> Delete(const kinds::Kind& kind, std::string_view name_space,
                                 std::string_view name, const DeleteOptions& options);

  // Has every write from now on looked at. Comes before the registry is used from several threads;
  // `admission` must outlive the writes.
  void SetAdmission(Admission* admission) { admission_ = admission; }
  // Likewise what converts objects of custom kinds whose versions differ.
  void SetConverter(Converter* converter) { converter_ = converter; }
  // Makes objects of a custom kind those of `group_version`; see Converter.
  absl::Status Convert(const kinds::Definition& definition, const std::string& group_version,
                       std::vector<json::Object>& objects);
  // Mutates and validates what is no write of an object itself: CONNECT, an Eviction, a Binding.
  absl::Status Admit(Attributes& attributes);

  // Objects from `key` on, as they were at `revision`.
  struct Page {
    std::vector<StoredObjectPtr> objects;
    bool more = false;
    int64_t count = 0;  // from `key` on, whatever the limit
  };
  absl::StatusOr<Page> ReadAt(const kinds::Kind& kind, std::string_view prefix,
                              std::string_view key, int64_t revision, int64_t limit);
  // The newest revision that any server has acknowledged.
  absl::StatusOr<int64_t> CurrentRevision();

  // NoSuchResource is what a cache answers whose kind is not served any more.
  WatchCache& CacheOf(const kinds::Kind& kind) { return feed_.CacheOf(kind); }

  // All kinds that are served now, custom ones too; and who is to be told where they change.
  std::shared_ptr<const kinds::Kinds> kinds() const { return kinds_.Current(); }
  [[nodiscard]] kinds::ServedKinds::Listening ListenToKinds(kinds::ServedKinds::Listener listener) {
    return kinds_.Listen(std::move(listener));
  }

 private:
  Registry(kvshim::Store& store, ServiceAddresses addresses, const WatchCacheOptions& cache)

      : store_(store),
        addresses_(addresses),
        events_(store),
        feed_(store, cache),
        definitions_(*this, feed_, kinds_) {}

  struct Current {
    json::Object object;
    int64_t revision = 0;   // 0: there is none
    bool outdated = false;  // it lies in the store in another version than it would be written in
  };
  absl::StatusOr<Current> Read(const kinds::Kind& kind, std::string_view name_space,
                               std::string_view name);
  // The same in the version that is written now.
  absl::StatusOr<Current> ReadConverted(const kinds::Kind& kind, std::string_view name_space,
                                        std::string_view name);
  // The guard of the namespace that a new object lies in: it must stay as it was found.
  absl::Status GuardNamespace(const kinds::Kind& kind, std::string_view name_space,
                              std::string_view name, kvshim::TxnRequest& request);
  // The revision of the write; 0 where a guard did not hold.
  absl::StatusOr<int64_t> Write(const kinds::Kind& kind, std::string_view name_space,
                                const json::Object& object, int64_t expected,
                                kvshim::TxnRequest request);
  absl::StatusOr<int64_t> Remove(const kinds::Kind& kind, std::string_view name_space,
                                 std::string_view name, const Current& current);
  absl::StatusOr<bool> TryUpdate(const kinds::Kind& kind, std::string_view name_space,
                                 std::string_view name, const Change& change,
                                 const UpdateOptions& options, Updated& updated);
  absl::StatusOr<bool> TryDelete(const kinds::Kind& kind, std::string_view name_space,
                                 std::string_view name, const DeleteOptions& options,
                                 Deleted& deleted);
  absl::Status CreateSystemNamespaces();

  // Null where nobody looks at such a write.
  Admission* AdmissionOf(const Attributes& attributes) const;

  kvshim::Store& store_;
  Admission* admission_ = nullptr;
  Converter* converter_ = nullptr;
  ServiceAddresses addresses_;
  EventLease events_;
  kinds::ServedKinds kinds_;
  Feed feed_;
  Definitions definitions_;
};

}  // namespace kvplane::registry
