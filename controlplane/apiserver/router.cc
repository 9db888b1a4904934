#include "apiserver/router.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "apiserver/connect.h"
#include "apiserver/version.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

using registry::NoSuchResource;

absl::Status NotAllowed(const Call& call, std::string_view verb) {
  const api::Resource& resource = *call.served->resource;
  return registry::MethodNotSupported(resource.group.empty()
                                          ? std::string(resource.plural)
                                          : Concat(resource.plural, '.', resource.group),
                                      verb);
}

// What is done to an object, or a part of one, by a method.
std::string_view VerbOf(const std::string& method) {
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  return method == "DELETE" ? "delete" : "";
}

bool Has(const std::vector<std::string_view>& verbs, std::string_view verb) {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

json::Object Version() {
  return {{"major", json::ToBoost(kMajor)},
          {"minor", json::ToBoost(kMinor)},
          {"emulationMajor", json::ToBoost(kMajor)},
          {"emulationMinor", json::ToBoost(kMinor)},
          {"minCompatibilityMajor", json::ToBoost(kMajor)},
          {"minCompatibilityMinor", "35"},
          {"gitVersion", json::ToBoost(kGitVersion)},
          {"gitCommit", ""},
          {"gitTreeState", "clean"},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", "none"},
          {"compiler", "g++"},
          {"platform", "linux/amd64"}};
}

absl::Status NotAcceptable(bool protobuf) {
  return registry::MakeStatus(
      {406,
       "NotAcceptable",
       Concat("only the following media types are accepted: application/json, application/yaml",
              protobuf ? ", application/vnd.kubernetes.protobuf" : ""),
       {}});
}

// Custom resources have no protobuf; their versions may be on their way out.
absl::Status BeginDefined(registry::Registry& registry, Call& call) {
  if (call.wanted.encoding == Encoding::kProtobuf) {
    const auto wanted = Negotiate(call.request.Header("accept"), /*protobuf=*/false);
    if (!wanted.has_value()) return NotAcceptable(false);
    call.wanted = *wanted;
  }
  const kinds::Kind& kind = call.kind();
  if (kind.definition->converted_elsewhere()) {
    call.converter = &registry;
    call.stored = call.kinds->FindPrefix(kind.prefix);
  }
  const std::string& deprecation = kind.version->deprecation;
  if (!deprecation.empty()) call.warnings.push_back(deprecation);
  return absl::OkStatus();
}

// What Kubernetes says of kinds that it keeps and would rather not see used.
void WarnOfDeprecation(Call& call) {
  if (call.target.group_version == "v1" && call.target.resource == "endpoints") {
    call.warnings.emplace_back(
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
  }
}

// A Warning header's text is quoted.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

void Send(const Call& call, Answer answer, Response& response) {
  Pairs headers{{"content-type", answer.content_type}, {"cache-control", "no-cache, private"}};
  headers.insert(headers.end(), std::make_move_iterator(answer.headers.begin()),
                 std::make_move_iterator(answer.headers.end()));
  for (const std::string& warning : call.warnings) {
    headers.emplace_back("warning", "299 - " + Quoted(warning));
  }
  response.Send(answer.status, std::move(headers), std::move(answer.body));
}

absl::StatusOr<std::unique_ptr<Answer>> Boxed(absl::StatusOr<Answer> answer) {
  if (!answer.ok()) return answer.status();
  return std::make_unique<Answer>(*std::move(answer));
}

}  // namespace

Router::Router(std::shared_ptr<registry::Registry> registry)
    : registry_(std::move(registry)),
      reader_(*registry_),
      writer_(*registry_),
      deleter_(*registry_, reader_),
      scale_(*registry_),
      pod_actions_(*registry_),
      watches_(registry_) {}

std::shared_ptr<const Router::Description> Router::Describe() {
  std::shared_ptr<const kinds::Kinds> kinds = registry_->kinds();
  kvshim::base::MutexLock lock(mutex_);
  if (description_ == nullptr || description_->kinds != kinds) {
    description_ = std::make_shared<const Description>(std::move(kinds));
  }
  return description_;
}

void Router::Handle(Request request, std::shared_ptr<Response> response) {
  Call call{.request = std::move(request)};
  Answered answered = Route(call, response);
  if (!answered.ok()) {
    Send(call, AnswerFailure(answered.status(), call.wanted.encoding), *response);
  } else if (*answered != nullptr) {
    Send(call, std::move(**answered), *response);
  }
}

Router::Answered Router::Route(Call& call, const std::shared_ptr<Response>& response) {
  const auto wanted = Negotiate(call.request.Header("accept"));
  auto target = Target::Parse(call.request.path);
  if (!wanted.has_value() && target.has_value()) return NotAcceptable(true);
  if (wanted.has_value()) call.wanted = *wanted;
  if (!target.has_value()) return Boxed(OtherPath(call));
  call.target = *std::move(target);
  if (!call.target.verb.empty()) return NoSuchResource();
  call.kinds = registry_->kinds();
  call.served = call.kinds->Find(call.target.group_version, call.target.resource);
  if (call.served == nullptr) return NoSuchResource();
  if (call.served->kind == nullptr || call.served->kind->definition == nullptr) {
    call.kinds.reset();
    WarnOfDeprecation(call);
  } else {
    RETURN_IF_ERROR(BeginDefined(*registry_, call));
  }
  const bool misplaced =
      call.served->resource->namespaced ? false : !call.target.name_space.empty();
  if (misplaced) return NoSuchResource();
  return Resource(call, response);
}

absl::StatusOr<Answer> Router::OtherPath(const Call& call) {
  const std::string& path = call.request.path;
  if (call.request.method != "GET" && call.request.method != "HEAD") return NoSuchResource();
  if (path == "/version" || path == "/version/") return AnswerDocument(call, Version());
  if (path.starts_with("/openapi/")) return Describe()->openapi.Find(call);
  if (path == "/api" || path == "/apis" || path.starts_with("/api/") ||
      path.starts_with("/apis/")) {
    return Describe()->discovery.Find(call);
  }
  return NoSuchResource();
}

Router::Answered Router::Resource(Call& call, const std::shared_ptr<Response>& response) {
  const api::Resource& resource = *call.served->resource;
  if (call.target.name.empty()) return Collection(call, response);
  if (resource.namespaced && call.target.name_space.empty()) return NoSuchResource();
  if (!call.target.subresource.empty()) return Boxed(Subresource(call));
  if (call.request.method == "GET" && call.QueryTrue("watch") && call.served->kind != nullptr) {
    ASSIGN_OR_RETURN(const ListOptions options, ListOptions::Read(call));
    return StartWatch(call, options, response);
  }
  return Boxed(Object(call));
}

Router::Answered Router::Collection(Call& call, const std::shared_ptr<Response>& response) {
  const api::Resource& resource = *call.served->resource;
  const std::string& method = call.request.method;
  if (method == "POST") {
    if (!Has(resource.verbs, "create")) return NotAllowed(call, "create");
    if (resource.namespaced && call.target.name_space.empty()) {
      return registry::BadRequest("an empty namespace may not be set during creation");
    }
    if (call.target.group_version == "v1" && resource.plural == "bindings") {
      return Boxed(pod_actions_.Bind(call));
    }
    if (call.served->kind == nullptr) return NoSuchResource();
    return Boxed(writer_.Create(call));
  }
  if (call.served->kind == nullptr) return NotAllowed(call, "list");
  ASSIGN_OR_RETURN(const ListOptions options, ListOptions::Read(call));
  if (method == "GET" || method == "HEAD") {
    if (options.watch) return StartWatch(call, options, response);
    return Boxed(reader_.List(call, options));
  }
  if (method == "DELETE" && Has(resource.verbs, "deletecollection")) {
    return Boxed(deleter_.DeleteCollection(call, options));
  }
  return NotAllowed(call, method == "DELETE" ? "deletecollection" : VerbOf(method));
}

Router::Answered Router::StartWatch(Call& call, const ListOptions& options,
                                    const std::shared_ptr<Response>& response) {
  if (!Has(call.served->resource->verbs, "watch")) return NotAllowed(call, "watch");
  RETURN_IF_ERROR(watches_.Start(call, options, response));
  return nullptr;
}

absl::StatusOr<Answer> Router::Object(Call& call) {
  const std::string_view verb = VerbOf(call.request.method);
  if (call.served->kind == nullptr || !Has(call.served->resource->verbs, verb)) {
    return NotAllowed(call, verb);
  }
  if (verb == "get") return reader_.Get(call);
  if (verb == "update") return writer_.Update(call);
  if (verb == "patch") return writer_.Patch(call);
  if (verb == "delete") return deleter_.Delete(call);
  return NotAllowed(call, verb);
}

absl::StatusOr<Answer> Router::Subresource(Call& call) {
  const api::Resource& resource = *call.served->resource;
  const std::string_view name = call.target.subresource;
  const auto found = std::find_if(resource.subresources.begin(), resource.subresources.end(),
                                  [&](const api::Subresource& one) { return one.name == name; });
  if (found == resource.subresources.end() || call.served->kind == nullptr) {
    return NoSuchResource();
  }
  if (!call.target.rest.empty() && !Has(found->verbs, "connect")) return NoSuchResource();
  call.subresource = &*found;
  const std::string_view verb = VerbOf(call.request.method);
  if (Has(found->verbs, "connect")) RETURN_IF_ERROR(AdmitConnect(*registry_, call));
  if (Has(found->verbs, "connect") || name == "log") {
    ASSIGN_OR_RETURN(const json::Object object,
                     registry_->Get(call.stored_kind(), call.target.name_space, call.target.name));
    if (kinds::Text(object, {"spec", "nodeName"}).empty() && resource.plural == "pods") {
      return registry::BadRequest(
          Concat("pod ", call.target.name, " does not have a host assigned"));
    }
    return registry::MakeStatus(
        {503, "ServiceUnavailable", "no node agent is connected to this server", {}});
  }
  if (!Has(found->verbs, verb)) return NotAllowed(call, verb);
  if (name == "scale") {
    if (verb == "get") return scale_.Get(call);
    return verb == "update" ? scale_.Update(call) : scale_.Patch(call);
  }
  if (name == "binding") return pod_actions_.Bind(call);
  if (name == "eviction") return pod_actions_.Evict(call);
  if (name == "token") return NoSuchResource();
  if (verb == "get") return reader_.Get(call);
  if (verb == "update") return writer_.Update(call);
  return verb == "patch" ? writer_.Patch(call) : absl::StatusOr<Answer>(NotAllowed(call, verb));
}

}  // namespace kvplane::apiserver
