#include "cluster/bootstrap.h"

#include <string_view>
#include <utility>

#include "api/json.h"
#include "base/status.h"
#include "base/strings.h"
#include "cluster/seal.h"

namespace kvplane::cluster {
namespace {

using kvshim::base::Concat;
namespace json = api::json;

constexpr std::string_view kPrefix = "/bootstrap/";
constexpr std::string_view kPrefixEnd = "/bootstrap0";

absl::StatusOr<Bootstrap> Make(const ClusterSettings& settings) {
  Bootstrap made{.settings = settings, .founded = true};
  ASSIGN_OR_RETURN(made.server_ca, MakeAuthority("kvplane-server-ca"));
  ASSIGN_OR_RETURN(made.client_ca, MakeAuthority("kvplane-client-ca"));
  ASSIGN_OR_RETURN(made.request_header_ca, MakeAuthority("kvplane-request-header-ca"));
  ASSIGN_OR_RETURN(made.service_account_key, MakeKey());
  return made;
}

// Every text of the document and where it is kept: written and read by one list.
template <typename Visit>
void VisitTexts(auto& bootstrap, const Visit& visit) {
  visit("serverCaCertificate", bootstrap.server_ca.certificate);
  visit("serverCaKey", bootstrap.server_ca.key);
  visit("clientCaCertificate", bootstrap.client_ca.certificate);
  visit("clientCaKey", bootstrap.client_ca.key);
  visit("requestHeaderCaCertificate", bootstrap.request_header_ca.certificate);
  visit("requestHeaderCaKey", bootstrap.request_header_ca.key);
  visit("serviceAccountKey", bootstrap.service_account_key);
  visit("clusterCidr", bootstrap.settings.cluster_cidr);
  visit("serviceCidr", bootstrap.settings.service_cidr);
  visit("clusterDns", bootstrap.settings.cluster_dns);
  visit("clusterDomain", bootstrap.settings.cluster_domain);
}

std::string Encode(const Bootstrap& bootstrap) {
  json::Object document;
  VisitTexts(bootstrap, [&](std::string_view name, const std::string& text) {
    document[json::ToBoost(name)] = json::ToBoost(text);
  });
  return api::ToJson(document);
}

absl::StatusOr<Bootstrap> Decode(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value value, api::ParseJson(text));
  if (!value.is_object()) return absl::DataLossError("what servers share is no document");
  Bootstrap bootstrap;
  std::string missing;
  VisitTexts(bootstrap, [&](std::string_view name, std::string& out) {
    const json::Value* member = json::Find(value.get_object(), name);
    if (member != nullptr && member->is_string()) {
      out = json::View(member->get_string());
    } else {
      missing = name;
    }
  });
  if (missing.empty()) return bootstrap;
  return absl::DataLossError(
      Concat("what servers share lacks ", missing, "; was it written by another release?"));
}

// Opens what the store holds under `key`, if it does; a store without any is kNotFound.
absl::StatusOr<Bootstrap> Read(const kvshim::RangeResponse& held, const std::string& key,
                               const Token& token) {
  if (held.kvs.empty()) return absl::NotFoundError("");
  for (const kvshim::KeyValue& kv : held.kvs) {
    if (kv.key() != key) continue;
    ASSIGN_OR_RETURN(const std::string text, Open(token.password, key, kv.value()));
    return Decode(text);
  }
  return absl::PermissionDeniedError(
      "--token: the datastore holds a cluster that was founded with another token; give the one "
      "in the file server/token of one of its servers, or another datastore to found a new "
      "cluster");
}

absl::StatusOr<Bootstrap> Found(kvshim::Store& store, const std::string& key, const Token& token,
                                const ClusterSettings& settings) {
  ASSIGN_OR_RETURN(Bootstrap made, Make(settings));
  ASSIGN_OR_RETURN(std::string sealed, Seal(token.password, key, Encode(made)));
  kvshim::TxnRequest txn;
  txn.compare.push_back({.target = kvshim::CompareTarget::kCreate,
                         .key = std::string(kPrefix),
                         .range_end = std::string(kPrefixEnd)});
  txn.success.emplace_back(kvshim::PutRequest{.key = key, .value = std::move(sealed)});
  txn.failure.emplace_back(
      kvshim::RangeRequest{.key = std::string(kPrefix), .range_end = std::string(kPrefixEnd)});
  ASSIGN_OR_RETURN(const kvshim::TxnResponse done, store.Txn(std::move(txn)));
  if (done.succeeded) return made;
  return Read(std::get<kvshim::RangeResponse>(done.responses.front()), key, token);
}

absl::Status CheckPin(const Bootstrap& cluster, const Token& token) {
  if (token.ca_hash.empty() || token.ca_hash == Fingerprint(cluster.server_ca.certificate)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      "--token: the hash after K10 is not that of this cluster's CA: the token is of another "
      "cluster with the same password, or this datastore is not the one that is meant");
}

}  // namespace

absl::StatusOr<Bootstrap> Join(kvshim::Store& store, const Token& token,
                               const ClusterSettings& settings) {
  ASSIGN_OR_RETURN(const std::string name, SealName(token.password));
  const std::string key = Concat(kPrefix, name);
  ASSIGN_OR_RETURN(const kvshim::RangeResponse held,
                   store.Range(kvshim::RangeRequest{.key = std::string(kPrefix),
                                                    .range_end = std::string(kPrefixEnd)}));
  absl::StatusOr<Bootstrap> cluster = Read(held, key, token);
  if (absl::IsNotFound(cluster.status())) {
    if (!token.ca_hash.empty()) {
      return absl::PermissionDeniedError(
          "--token: the token is of a cluster that this datastore does not hold; name its "
          "datastore, or give a password alone to found a new cluster");
    }
    cluster = Found(store, key, token, settings);
  }
  RETURN_IF_ERROR(cluster.status());
  RETURN_IF_ERROR(CheckPin(*cluster, token));
  RETURN_IF_ERROR(Agree(settings, cluster->settings));
  return cluster;
}

}  // namespace kvplane::cluster
