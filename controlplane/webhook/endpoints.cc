#include "webhook/endpoints.h"

#include <cstdint>
#include <string>
#include <utility>

#include "api/base64.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/stored_form.h"

namespace kvplane::webhook {

namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;

const kinds::Kind& BuiltIn(std::string_view group_version, std::string_view plural) {
  return *kinds::Kinds::BuiltIn().Find(group_version, plural)->kind;
}

absl::Status Unreachable(std::string_view why) {
  return absl::UnavailableError(kvshim::base::ToAbsl(why));
}

// "https://host:443/path" taken apart.
absl::Status ReachUrl(std::string_view url, Endpoint& endpoint) {
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

std::string WithQuery(const std::string& path, std::string_view query) {
  if (query.empty()) return path;
  return Concat(path, path.find('?') == std::string::npos ? "?" : "&", query);
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
bool ReachPod(const json::Object& slice, std::string_view port_name, Endpoint& endpoint) {
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

// The cache may be a moment behind; what it does not have is looked for in the store.
absl::StatusOr<json::Object> FindService(registry::Registry& registry,
                                         const std::string& name_space, const std::string& name) {
  const kinds::Kind& kind = BuiltIn("v1", "services");
  const std::string key = registry::KeyOf(kind, name_space, name);
  ASSIGN_OR_RETURN(const auto snapshot, registry.CacheOf(kind).List(key, 0));
  if (!snapshot.objects.empty() && snapshot.objects.front()->key() == key) {
    return snapshot.objects.front()->Parse();
  }
  return registry.Get(kind, name_space, name);
}

}  // namespace

absl::Status Endpoints::ReachService(const json::Object& service, std::string_view query,
                                     Endpoint& endpoint) {
  const std::string name_space(Text(service, {"namespace"}));
  const std::string name(Text(service, {"name"}));
  const int64_t port = kinds::Integer(service, {"port"}, 443);
  const std::string_view path = Text(service, {"path"});
  endpoint.path = path.empty() ? "/" : path;
  const auto cannot = [&](std::string_view why) {
    return Unreachable(
        Concat("Post \"", endpoint.url, WithQuery(endpoint.path, query), "\": ", why));
  };
  endpoint.server_name = Concat(name, ".", name_space, ".svc");
  endpoint.url = Concat("https://", endpoint.server_name, ":", port);
  auto found = FindService(registry_, name_space, name);
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
  const kinds::Kind& slice_kind = BuiltIn("discovery.k8s.io/v1", "endpointslices");
  ASSIGN_OR_RETURN(
      const auto slices,
      registry_.CacheOf(slice_kind).List(registry::PrefixOf(slice_kind, name_space), 0));
  for (const auto& slice : slices.objects) {
    const json::Value* of = json::Find(slice->labels(), "kubernetes.io/service-name");
    if (of == nullptr || kinds::Plain(*of) != name) continue;
    if (ReachPod(slice->Parse(), Text(*own_port, {"name"}), endpoint)) return absl::OkStatus();
  }
  endpoint.host = Text(*found, {"spec", "clusterIP"});
  endpoint.port = std::to_string(port);
  if (!endpoint.host.empty() && endpoint.host != "None") return absl::OkStatus();
  return cannot(Concat("no endpoints available for service \"", name, "\""));
}

absl::StatusOr<Endpoint> Endpoints::Find(const json::Object& client_config,
                                         std::string_view query) {
  Endpoint endpoint;
  if (const json::Object* service = kinds::FindObject(client_config, {"service"})) {
    RETURN_IF_ERROR(ReachService(*service, query, endpoint));
  } else {
    RETURN_IF_ERROR(ReachUrl(Text(client_config, {"url"}), endpoint));
  }
  const auto certificates = api::DecodeBase64(Text(client_config, {"caBundle"}));
  if (!certificates.ok()) {
    return Unreachable("unable to load root certificates: caBundle is no base64");
  }
  endpoint.certificates = *certificates;
  endpoint.path = WithQuery(endpoint.path, query);
  endpoint.url += endpoint.path;
  return endpoint;
}

}  // namespace kvplane::webhook
