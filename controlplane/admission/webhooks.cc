#include "admission/webhooks.h"

#include <utility>

#include "admission/lookup.h"
#include "admission/subject.h"
#include "api/base64.h"
#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;
using registry::Attributes;

absl::Status Unreachable(std::string_view why) {
  return absl::UnavailableError(kvshim::base::ToAbsl(why));
}

// "https://host:443/path" taken apart.
absl::Status ReachUrl(std::string_view url, WebhookEndpoint& endpoint) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return Unreachable(Concat("no https URL: ", url));
  url.remove_prefix(kScheme.size());
  const size_t slash = url.find('/');
  const std::string_view authority = url.substr(0, slash);
  endpoint.path = slash == std::string_view::npos ? "/" : url.substr(slash);
  size_t colon = authority.rfind(':');
  if (authority.ends_with(']')) colon = std::string_view::npos;
  endpoint.port = colon == std::string_view::npos ? "443" : authority.substr(colon + 1);
  std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  endpoint.host = host;
  endpoint.server_name = host;
  endpoint.url = Concat(kScheme, authority);
  return absl::OkStatus();
}

std::string WithTimeout(const std::string& path, std::chrono::seconds timeout) {
  return Concat(path, path.find('?') == std::string::npos ? "?" : "&", "timeout=", timeout.count(),
                "s");
}

// What the service's port is called, and is at its pods; null where it has no such port.
const json::Object* PortOf(const json::Object& service, int64_t number) {
  const json::Object* found = nullptr;
  kinds::ForEach(service, {"spec", "ports"}, [&](const json::Object& port) {
    if (kinds::Integer(port, {"port"}) == number) found = &port;
  });
  return found;
}

// The first endpoint of a slice that is ready; false where there is none.
bool ReachPod(const json::Object& slice, std::string_view port_name, WebhookEndpoint& endpoint) {
  int64_t port = 0;
  kinds::ForEach(slice, {"ports"}, [&](const json::Object& one) {
    if (Text(one, {"name"}) == port_name) port = kinds::Integer(one, {"port"});
  });
  std::string host;
  kinds::ForEach(slice, {"endpoints"}, [&](const json::Object& one) {
    const json::Value* ready = kinds::Find(one, {"conditions", "ready"});
    const json::Array* addresses = kinds::FindArray(one, {"addresses"});
    if (!host.empty() || addresses == nullptr || addresses->empty()) return;
    if (ready == nullptr || !ready->is_bool() || ready->get_bool()) {
      host = kinds::Plain(addresses->front());
    }
  });
  if (port == 0 || host.empty()) return false;
  endpoint.host = std::move(host);
  endpoint.port = std::to_string(port);
  return true;
}

}  // namespace

bool IsExempt(const Attributes& attributes) {
  if (attributes.kind->group != "admissionregistration.k8s.io") return false;
  const std::string& plural = attributes.kind->plural;
  return plural.starts_with("validating") || plural.starts_with("mutating");
}

std::string CallFailed(const Webhook& webhook, const absl::Status& why) {
  const std::string_view text = kvshim::base::FromAbsl(why.message());
  // What was answered is told as it is; what was not, as a call that failed.
  const bool answered = absl::IsInvalidArgument(why);
  return Concat("failed calling webhook \"", webhook.name,
                "\": ", answered ? "" : "failed to call webhook: ", text);
}

absl::StatusOr<Webhooks::List> Webhooks::All() {
  ASSIGN_OR_RETURN(auto snapshot, configurations_.List(prefix_, 0));
  std::vector<registry::StoredObjectPtr>& objects = snapshot.objects;
  MutexLock lock(mutex_);
  if (objects == read_) return list_;
  auto list = std::make_shared<std::vector<Webhook>>();
  for (const auto& object : objects) {
    auto webhooks = ReadWebhooks(object->Parse());
    if (!webhooks.ok()) {
      kvshim::base::Log(kvshim::base::Level::kError, "a webhook configuration cannot be read",
                        {{"key", object->key()}, {"error", webhooks.status()}});
      continue;
    }
    for (Webhook& webhook : *webhooks) list->push_back(std::move(webhook));
  }
  read_ = std::move(objects);
  list_ = std::move(list);
  return list_;
}

bool Webhooks::Any() {
  const auto all = All();
  return !all.ok() || !(*all)->empty();
}

absl::StatusOr<std::vector<Webhooks::Call>> Webhooks::CallsFor(const std::vector<Webhook>& webhooks,
                                                               const Attributes& attributes) {
  ASSIGN_OR_RETURN(const auto labels, NamespaceLabelsOf(registry_, attributes));
  std::vector<Call> calls;
  for (const Webhook& webhook : webhooks) {
    auto version = webhook.Match(attributes, labels ? &*labels : nullptr);
    if (!version) continue;
    ASSIGN_OR_RETURN(const bool meets, MeetsConditions(webhook, *version, attributes));
    if (meets) calls.push_back({&webhook, *std::move(version)});
  }
  return calls;
}

absl::StatusOr<bool> Webhooks::MeetsConditions(const Webhook& webhook, const Version& version,
                                               const Attributes& attributes) {
  if (webhook.conditions.empty()) return true;
  ASSIGN_OR_RETURN(const auto subject, Subject::Make(attributes, version, authorizer_));
  const auto meets = webhook.conditions.Match(subject->input());
  if (meets.ok()) return *meets;
  if (webhook.fails_open) return false;
  return registry::Forbidden(*attributes.kind, attributes.name,
                             kvshim::base::FromAbsl(meets.status().message()));
}

absl::Status Webhooks::ReachService(const json::Object& service, std::chrono::seconds timeout,
                                    WebhookEndpoint& endpoint) {
  const std::string name_space(Text(service, {"namespace"}));
  const std::string name(Text(service, {"name"}));
  const int64_t port = kinds::Integer(service, {"port"}, 443);
  const std::string_view path = Text(service, {"path"});
  endpoint.path = path.empty() ? "/" : path;
  const auto cannot = [&](std::string_view why) {
    return Unreachable(
        Concat("Post \"", endpoint.url, WithTimeout(endpoint.path, timeout), "\": ", why));
  };
  endpoint.server_name = Concat(name, ".", name_space, ".svc");
  endpoint.url = Concat("https://", endpoint.server_name, ":", port);
  auto found = Find(registry_, BuiltIn("v1", "services"), name_space, name);
  if (!found.ok()) return cannot(Concat("service \"", name, "\" not found"));
  if (Text(*found, {"spec", "type"}) == "ExternalName") {
    endpoint.host = Text(*found, {"spec", "externalName"});
    endpoint.port = std::to_string(port);
    return absl::OkStatus();
  }
  const json::Object* own_port = PortOf(*found, port);
  if (own_port == nullptr) {
    return cannot(Concat("no service port ", port, " found for service \"", name, "\""));
  }
  // Straight to a pod that is ready: a server need not have the cluster's routes for services.
  ASSIGN_OR_RETURN(
      const auto slices,
      ListCached(registry_, BuiltIn("discovery.k8s.io/v1", "endpointslices"), name_space));
  for (const auto& slice : slices) {
    const json::Value* of = json::Find(slice->labels(), "kubernetes.io/service-name");
    if (of == nullptr || kinds::Plain(*of) != name) continue;
    if (ReachPod(slice->Parse(), Text(*own_port, {"name"}), endpoint)) return absl::OkStatus();
  }
  endpoint.host = Text(*found, {"spec", "clusterIP"});
  endpoint.port = std::to_string(port);
  if (!endpoint.host.empty() && endpoint.host != "None") return absl::OkStatus();
  return cannot(Concat("no endpoints available for service \"", name, "\""));
}

absl::StatusOr<WebhookEndpoint> Webhooks::EndpointOf(const Webhook& webhook) {
  WebhookEndpoint endpoint;
  if (const json::Object* service = kinds::FindObject(webhook.client_config, {"service"})) {
    RETURN_IF_ERROR(ReachService(*service, webhook.timeout, endpoint));
  } else {
    RETURN_IF_ERROR(ReachUrl(Text(webhook.client_config, {"url"}), endpoint));
  }
  const auto certificates = api::DecodeBase64(Text(webhook.client_config, {"caBundle"}));
  if (!certificates.ok())
    return Unreachable("unable to load root certificates: caBundle is no base64");
  endpoint.certificates = *certificates;
  endpoint.path = WithTimeout(endpoint.path, webhook.timeout);
  endpoint.url += endpoint.path;
  return endpoint;
}

}  // namespace kvplane::admission
