#include "apiserver/openapi.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <set>
#include <utility>

#include "api/schema.h"
#include "api/schema_text.h"
#include "apiserver/defined_openapi.h"
#include "apiserver/gzip.h"
#include "apiserver/negotiation.h"
#include "apiserver/openapi_schema.h"
#include "apiserver/openapi_v2.h"
#include "apiserver/version.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

constexpr size_t kMostBytes = size_t{256} << 20;  // of a document
constexpr std::string_view kComponents = "#/components/schemas/";
constexpr std::string_view kMetadata =
    "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
constexpr std::string_view kListMetadata =
    "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

// FNV-1a.
std::string Hash(std::initializer_list<std::string_view> texts) {
  uint64_t hash = 14695981039346656037ULL;
  for (const std::string_view text : texts) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  char out[17];
  std::snprintf(out, sizeof(out), "%016llX", static_cast<unsigned long long>(hash));
  return out;
}

std::string PathOf(std::string_view group_version) {
  return Concat(group_version.find('/') == std::string_view::npos ? "api/" : "apis/",
                group_version);
}

bool Has(const std::vector<std::string_view>& verbs, std::string_view verb) {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

json::Object Parameter(std::string_view in, std::string_view name, std::string_view type) {
  return {{"name", json::ToBoost(name)},
          {"in", json::ToBoost(in)},
          {"required", in == "path"},
          {"schema", json::Object{{"type", json::ToBoost(type)}, {"uniqueItems", true}}}};
}

json::Array Parameters(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  json::Array out;
  for (const auto& [name, type] : list) out.push_back(Parameter("query", name, type));
  return out;
}

json::Object Content(std::initializer_list<std::string_view> types, const std::string& reference) {
  json::Object content;
  for (const std::string_view type : types) {
    content[json::ToBoost(type)] = json::Object{{"schema", json::Object{{"$ref", reference}}}};
  }
  return content;
}

// Whether an If-None-Match names a tag; weak ones count as strong.
bool NamesTag(std::string_view names, std::string_view tag) {
  return names == "*" || names.find(tag) != std::string_view::npos;
}

// One verb of one path.
struct Operation {
  std::string_view method;  // "post"
  std::string_view action;  // "create"
  json::Array parameters;
};

std::vector<Operation> CollectionOperations(const std::vector<std::string_view>& verbs) {
  std::vector<Operation> out;
  const json::Array list = Parameters({{"allowWatchBookmarks", "boolean"},
                                       {"continue", "string"},
                                       {"fieldSelector", "string"},
                                       {"labelSelector", "string"},
                                       {"limit", "integer"},
                                       {"resourceVersion", "string"},
                                       {"resourceVersionMatch", "string"},
                                       {"sendInitialEvents", "boolean"},
                                       {"timeoutSeconds", "integer"},
                                       {"watch", "boolean"}});
  if (Has(verbs, "list")) out.push_back({"get", "list", list});
  if (Has(verbs, "create")) {
    out.push_back(
        {"post", "post",
         Parameters(
             {{"dryRun", "string"}, {"fieldManager", "string"}, {"fieldValidation", "string"}})});
  }
  if (Has(verbs, "deletecollection")) out.push_back({"delete", "deletecollection", list});
  return out;
}

std::vector<Operation> ObjectOperations(const std::vector<std::string_view>& verbs) {
  std::vector<Operation> out;
  if (Has(verbs, "get")) out.push_back({"get", "get", {}});
  if (Has(verbs, "create")) {
    out.push_back(
        {"post", "post",
         Parameters(
             {{"dryRun", "string"}, {"fieldManager", "string"}, {"fieldValidation", "string"}})});
  }
  if (Has(verbs, "update")) {
    out.push_back(
        {"put", "put",
         Parameters(
             {{"dryRun", "string"}, {"fieldManager", "string"}, {"fieldValidation", "string"}})});
  }
  if (Has(verbs, "patch")) {
    out.push_back({"patch", "patch",
                   Parameters({{"dryRun", "string"},
                               {"fieldManager", "string"},
                               {"fieldValidation", "string"},
                               {"force", "boolean"}})});
  }
  if (Has(verbs, "delete")) {
    out.push_back({"delete", "delete",
                   Parameters({{"dryRun", "string"},
                               {"gracePeriodSeconds", "integer"},
                               {"orphanDependents", "boolean"},
                               {"propagationPolicy", "string"}})});
  }
  return out;
}

class PathItem {
 public:
  PathItem(std::string_view group_version, std::string_view kind, std::string_view name)
      : group_version_(group_version), kind_(kind), name_(name) {
    const api::Message* message = api::Schema::Kubernetes().FindMessage(group_version, kind);
    if (message != nullptr) reference_ = Concat(kComponents, SchemaName(*message));
  }
  // Of a custom resource.
  PathItem(const kinds::Kind& kind, std::string_view group_version, std::string name)
      : group_version_(group_version),
        kind_(kind.name),
        name_(std::move(name)),
        reference_(Concat(kComponents, DefinedSchemaName(kind))) {}

  json::Object Make(std::vector<Operation> operations, bool namespaced, bool named) const {
    json::Object item;
    for (Operation& operation : operations) {
      item[json::ToBoost(operation.method)] = MakeOperation(std::move(operation));
    }
    json::Array parameters;
    if (named) parameters.push_back(Parameter("path", "name", "string"));
    if (namespaced) parameters.push_back(Parameter("path", "namespace", "string"));
    parameters.push_back(Parameter("query", "pretty", "string"));
    item["parameters"] = std::move(parameters);
    return item;
  }

 private:
  json::Object MakeOperation(Operation operation) const {
    json::Object out{{"operationId", Concat(operation.action, name_)},
                     {"parameters", std::move(operation.parameters)}};
    const bool body = operation.method == "post" || operation.method == "put";
    if (!reference_.empty() && body) {
      out["requestBody"] = json::Object{{"content", Content({"*/*"}, reference_)}};
    } else if (operation.method == "patch") {
      out["requestBody"] = json::Object{
          {"content",
           Content({"application/apply-patch+yaml", "application/json-patch+json",
                    "application/merge-patch+json", "application/strategic-merge-patch+json"},
                   Concat(kComponents, "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"))}};
    }
    json::Object ok{{"description", "OK"}};
    if (!reference_.empty()) {
      ok["content"] =
          Content({"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"},
                  reference_);
    }
    out["responses"] = json::Object{{"200", std::move(ok)}};
    out["x-kubernetes-action"] = json::ToBoost(operation.action);
    out["x-kubernetes-group-version-kind"] = GroupVersionKind(group_version_, kind_);
    return out;
  }

  const std::string_view group_version_;
  const std::string_view kind_;
  const std::string name_;
  std::string reference_;
};

// `sub` is null for the object itself.
PathItem ItemOf(const kinds::Served& served, const api::Subresource* sub) {
  const api::Resource& resource = *served.resource;
  const std::string_view group_version =
      sub == nullptr ? resource.group_version : sub->group_version;
  const std::string name = Concat(resource.kind, kinds::VersionOf(resource.group_version),
                                  sub == nullptr ? std::string_view() : sub->name);
  const bool defined = served.kind != nullptr && served.kind->definition != nullptr &&
                       group_version == resource.group_version;
  if (defined) return {*served.kind, group_version, name};
  return {group_version, sub == nullptr ? resource.kind : sub->kind, name};
}

}  // namespace

Openapi::Openapi(const kinds::Kinds& kinds, std::vector<std::string> group_versions)
    : kinds_(kinds),
      group_versions_(std::move(group_versions)),
      hash_(Hash({api::KubernetesSchemaText(), api::ResourceNamesText(), kGitVersion})) {
  for (const std::string& group_version : group_versions_) version3_[group_version];
}

json::Object Openapi::Index() const {
  json::Object paths;
  for (const std::string& group_version : group_versions_) {
    const std::string path = PathOf(group_version);
    paths[path] = json::Object{
        {"serverRelativeURL", Concat("/openapi/v3/", path, "?hash=", HashOf(group_version))}};
  }
  return {{"paths", std::move(paths)}};
}

// The definitions of custom resources change while the server runs.
std::string Openapi::HashOf(std::string_view group_version) const {
  std::string hash = hash_;
  for (const kinds::Served& served : kinds_.served()) {
    if (served.resource->group_version != group_version || served.kind == nullptr ||
        served.kind->definition == nullptr) {
      continue;
    }
    const std::string names = api::ToJson(json::Value(served.kind->definition->names().ToJson()));
    hash = Hash({hash, names, served.kind->version->schema_text});
  }
  return hash;
}

std::string Openapi::HashOfAll() const {
  std::string hash = hash_;
  for (const std::string& group_version : group_versions_) {
    hash = Hash({hash, group_version, HashOf(group_version)});
  }
  return hash;
}

json::Object Openapi::Paths(std::string_view group_version) const {
  json::Object paths;
  for (const kinds::Served& served : kinds_.served()) {
    const api::Resource& resource = *served.resource;
    if (resource.group_version != group_version) continue;
    const std::string root = Concat("/", PathOf(group_version));
    const std::string collection =
        Concat(root, resource.namespaced ? "/namespaces/{namespace}/" : "/", resource.plural);
    const PathItem item = ItemOf(served, nullptr);
    if (auto operations = CollectionOperations(resource.verbs); !operations.empty()) {
      paths[collection] = item.Make(std::move(operations), resource.namespaced, false);
    }
    std::vector<std::string_view> verbs = resource.verbs;
    std::erase(verbs, "create");
    if (auto operations = ObjectOperations(verbs); !operations.empty()) {
      paths[Concat(collection, "/{name}")] =
          item.Make(std::move(operations), resource.namespaced, true);
    }
    for (const api::Subresource& sub : resource.subresources) {
      const PathItem part = ItemOf(served, &sub);
      paths[Concat(collection, "/{name}/", sub.name)] =
          part.Make(ObjectOperations(sub.verbs), resource.namespaced, true);
    }
  }
  return paths;
}

json::Object Openapi::Schemas(std::string_view group_version) const {
  const api::Schema& schema = api::Schema::Kubernetes();
  std::deque<const api::Message*> open;
  std::set<const api::Message*> seen;
  const auto refer = [&](const api::Message& message) {
    if (seen.insert(&message).second) open.push_back(&message);
  };
  for (const kinds::Served& served : kinds_.served()) {
    if (served.resource->group_version != group_version) continue;
    for (const std::string& kind :
         {std::string(served.resource->kind), Concat(served.resource->kind, "List")}) {
      if (const auto* message = schema.FindMessage(group_version, kind)) refer(*message);
    }
    for (const api::Subresource& sub : served.resource->subresources) {
      const auto* message = schema.FindMessage(sub.group_version, sub.kind);
      if (message != nullptr) refer(*message);
    }
  }
  json::Object schemas;
  for (const kinds::Served& served : kinds_.served()) {
    const bool here = served.resource->group_version == group_version && served.kind != nullptr &&
                      served.kind->definition != nullptr;
    if (!here) continue;
    schemas[DefinedSchemaName(*served.kind)] = DefinedSchema(*served.kind, kMetadata);
    schemas[DefinedListName(*served.kind)] =
        DefinedListSchema(*served.kind, kComponents, kListMetadata);
    for (const std::string_view name : {"ObjectMeta", "ListMeta"}) {
      refer(*schema.FindMessageByName(Concat("k8s.io.apimachinery.pkg.apis.meta.v1.", name)));
    }
  }
  schemas["io.k8s.apimachinery.pkg.apis.meta.v1.Patch"] = json::Object{{"type", "object"}};
  for (; !open.empty(); open.pop_front()) {
    const api::Message& message = *open.front();
    json::Object one = SchemaOf(message, kComponents, refer);
    json::Array kinds;
    for (const api::Schema::Kind& kind : schema.kinds()) {
      if (kind.message != &message) continue;
      kinds.push_back(GroupVersionKind(kind.group_version, kind.kind));
    }
    if (!kinds.empty()) one["x-kubernetes-group-version-kind"] = std::move(kinds);
    schemas[SchemaName(message)] = std::move(one);
  }
  return schemas;
}

json::Object Openapi::Document(std::string_view group_version) const {
  return {{"openapi", "3.0.0"},
          {"info", json::Object{{"title", "Kubernetes"}, {"version", json::ToBoost(kGitVersion)}}},
          {"paths", Paths(group_version)},
          {"components", json::Object{{"schemas", Schemas(group_version)}}}};
}

std::string Openapi::MakeVersion2(bool protobuf) const {
  json::Object document = NewOpenapiV2();
  for (const std::string& group_version : group_versions_) {
    AddToOpenapiV2(Document(group_version), document);
  }
  return protobuf ? EncodeOpenapiV2(document) : api::ToJson(json::Value(std::move(document)));
}

absl::StatusOr<Answer> Openapi::Version2(const Call& call) const {
  const bool protobuf =
      call.request.Header("accept").find("proto-openapi") != std::string_view::npos;
  // The same document in another form is another one.
  return AnswerKept(call, Hash({HashOfAll(), protobuf ? "protobuf" : "json"}),
                    protobuf ? kOpenapiV2Protobuf : kJsonType,
                    protobuf ? version2_protobuf_ : version2_json_,
                    [&] { return MakeVersion2(protobuf); });
}

absl::StatusOr<Answer> Openapi::AnswerKept(const Call& call, std::string_view hash,
                                           std::string_view content_type, Kept& kept,
                                           const std::function<std::string()>& make) const {
  const std::string tag = Concat("\"", hash, "\"");
  Answer answer{.content_type = std::string(content_type),
                .headers = {{"etag", tag}, {"vary", "Accept, Accept-Encoding"}}};
  if (NamesTag(call.request.Header("if-none-match"), tag)) {
    answer.status = 304;
    return answer;
  }
  {
    kvshim::base::MutexLock lock(kept.mutex);
    if (kept.gzip.empty()) kept.gzip = Gzip(make());
    answer.body = kept.gzip;
  }
  if (AcceptsGzip(call.request.Header("accept-encoding"))) {
    answer.headers.emplace_back("content-encoding", "gzip");
    return answer;
  }
  ASSIGN_OR_RETURN(answer.body, Gunzip(answer.body, kMostBytes));
  return answer;
}

absl::StatusOr<Answer> Openapi::Find(const Call& call) const {
  std::string_view path = call.request.path;
  if (path == "/openapi/v2") return Version2(call);
  constexpr std::string_view kRoot = "/openapi/v3";
  if (!path.starts_with(kRoot)) return registry::NoSuchResource();
  path.remove_prefix(kRoot.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return Answer{.body = api::ToJson(json::Value(Index()))};
  for (const std::string& group_version : group_versions_) {
    if (path != PathOf(group_version)) continue;
    return AnswerKept(call, HashOf(group_version), kJsonType, version3_.find(group_version)->second,
                      [&] { return api::ToJson(json::Value(Document(group_version))); });
  }
  return registry::NoSuchResource();
}

}  // namespace kvplane::apiserver
