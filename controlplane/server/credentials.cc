#include "server/credentials.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "cluster/certificate.h"
#include "cluster/kubeconfig.h"
#include "server/machine.h"

namespace kvplane::server {
namespace {

constexpr unsigned kKubernetesPlace = 1;  // of the service "kubernetes" among the services

void AddOnce(std::vector<std::string>& list, const std::string& name) {
  if (!name.empty() && std::find(list.begin(), list.end(), name) == list.end()) {
    list.push_back(name);
  }
}

}  // namespace

absl::StatusOr<ServingNames> NamesOf(const cluster::ClusterSettings& settings,
                                     const std::vector<std::string>& more) {
  ServingNames names{
      .dns_names = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
                    "kubernetes.default.svc." + settings.cluster_domain},
      .ip_addresses = {"127.0.0.1", "::1"}};
  AddOnce(names.dns_names, HostName());
  ASSIGN_OR_RETURN(const std::string service, settings.ServiceAddress(kKubernetesPlace));
  AddOnce(names.ip_addresses, service);
  AddOnce(names.ip_addresses, OwnAddress());
  for (const std::string& name : more) {
    AddOnce(IsAddress(name) ? names.ip_addresses : names.dns_names, name);
  }
  return names;
}

absl::StatusOr<https::TlsIdentity> MakeServingIdentity(const cluster::Bootstrap& cluster,
                                                       const ServingNames& names) {
  auto serving = cluster::Issue(cluster.server_ca, {.common_name = "kube-apiserver",
                                                    .dns_names = names.dns_names,
                                                    .ip_addresses = names.ip_addresses,
                                                    .purpose = cluster::Purpose::kServer});
  if (!serving.ok()) {
    return absl::Status(
        serving.status().code(),
        kvshim::base::Concat("--tls-san: ", std::string(serving.status().message())));
  }
  return https::TlsIdentity{
      .certificate = serving->certificate + cluster.server_ca.certificate,
      .key = serving->key,
      .client_authorities = cluster.client_ca.certificate + cluster.request_header_ca.certificate};
}

absl::StatusOr<std::string> MakeAdminKubeconfig(const cluster::Bootstrap& cluster,
                                                const std::string& url) {
  ASSIGN_OR_RETURN(cluster::KeyedCertificate admin,
                   cluster::Issue(cluster.client_ca, {.common_name = "system:admin",
                                                      .organizations = {"system:masters"},
                                                      .purpose = cluster::Purpose::kClient}));
  return cluster::Kubeconfig(
      {.server = url, .server_ca = cluster.server_ca.certificate, .client = std::move(admin)});
}

}  // namespace kvplane::server
