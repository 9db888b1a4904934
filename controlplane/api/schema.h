// Schema: every kind and resource of the API, read from the table of controlplane/api/schema.
//
// Thread safety: immutable.
//
//   const Schema& schema = Schema::Kubernetes();
//   const Message* deployment = schema.FindMessage("apps/v1", "Deployment");
//   const Resource* resource = schema.FindResource("apps/v1", "deployments");
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "api/message.h"

namespace kvplane::api {

struct Subresource {
  std::string_view name;           // "scale"
  std::string_view group_version;  // of the kind that it takes: "autoscaling/v1"
  std::string_view kind;           // "Scale"
  std::vector<std::string_view> verbs;
};

struct Resource {
  std::string_view group;          // "" is the core
  std::string_view group_version;  // "apps/v1", "v1"
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
  bool namespaced = false;
  std::vector<std::string_view> verbs;
  std::vector<std::string_view> short_names;
  std::vector<std::string_view> categories;
  std::vector<Subresource> subresources;  // "" among them never; "status", "scale", …
  const Message* message = nullptr;       // null for a resource that is only a verb
};

class Schema {
 public:
  // The built-in API, parsed at first use (a few milliseconds).
  static const Schema& Kubernetes();

  // Reads a table in the form that generate.py describes; the texts must outlive the schema. The
  // error names the line.
  static absl::StatusOr<std::unique_ptr<const Schema>> Parse(std::string_view table,
                                                             std::string_view names);

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // Null where there is none. Kinds that every group and version has (DeleteOptions, …) included.
  const Message* FindMessage(std::string_view group_version, std::string_view kind) const;
  // By the whole name, "k8s.io.api.core.v1.Pod".
  const Message* FindMessageByName(std::string_view full_name) const;
  const Resource* FindResource(std::string_view group_version, std::string_view plural) const;

  // In the table's order: by group and version, then plural.
  const std::deque<Resource>& resources() const { return resources_; }
  const std::deque<Message>& messages() const { return messages_; }
  struct Kind {
    std::string_view group_version;
    std::string_view kind;
    const Message* message;
  };
  const std::vector<Kind>& kinds() const { return kinds_; }

 private:
  friend class SchemaReader;
  Schema() = default;

  std::deque<Message> messages_;
  std::deque<Resource> resources_;
  std::vector<Kind> kinds_;
  absl::flat_hash_map<std::string, const Message*> by_kind_;  // "apps/v1 Deployment"
  absl::flat_hash_map<std::string, const Message*> by_name_;
  absl::flat_hash_map<std::string, const Message*> options_;
  absl::flat_hash_map<std::string, const Resource*> by_plural_;  // "apps/v1 deployments"
};

}  // namespace kvplane::api
