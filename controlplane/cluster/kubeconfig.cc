#include "cluster/kubeconfig.h"

#include "api/base64.h"
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

}  // namespace kvplane::cluster
