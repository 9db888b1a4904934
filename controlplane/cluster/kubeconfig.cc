#include "cluster/kubeconfig.h"

#include <tuple>

#include "api/base64.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::cluster {

std::string Kubeconfig(const KubeconfigFields& fields) {
  return kvshim::base::Concat(
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: default\n"
      "  cluster:\n"
      "    server: ",
      fields.server,
      "\n"
      "    certificate-authority-data: ",
      api::EncodeBase64(fields.server_ca),
      "\n"
      "contexts:\n"
      "- name: default\n"
      "  context:\n"
      "    cluster: default\n"
      "    user: default\n"
      "current-context: default\n"
      "users:\n"
      "- name: default\n"
      "  user:\n"
      "    client-certificate-data: ",
      api::EncodeBase64(fields.client.certificate),
      "\n"
      "    client-key-data: ",
      api::EncodeBase64(fields.client.key), "\n");
}

absl::StatusOr<KubeconfigFields> ReadKubeconfig(std::string_view text) {
  KubeconfigFields fields;
  for (const auto& [name, is_base64, field] :
       {std::tuple{"server: ", false, &fields.server},
        std::tuple{"certificate-authority-data: ", true, &fields.server_ca},
        std::tuple{"client-certificate-data: ", true, &fields.client.certificate},
        std::tuple{"client-key-data: ", true, &fields.client.key}}) {
    const size_t at = text.find(name);
    if (at == std::string_view::npos) {
      return absl::InvalidArgumentError(
          kvshim::base::Concat("is no kubeconfig that kvplane server has written: there is no ",
                               std::string_view(name)));
    }
    const std::string_view rest = text.substr(at + std::string_view(name).size());
    *field = rest.substr(0, rest.find('\n'));
    if (!is_base64) continue;
    ASSIGN_OR_RETURN(*field, api::DecodeBase64(*field));
  }
  return fields;
}

}  // namespace kvplane::cluster
