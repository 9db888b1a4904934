#include "controller/certificates.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "api/base64.h"
#include "base/strings.h"
#include "cluster/certificate.h"
#include "cluster/signing_request.h"
#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using cluster::SigningRequestFacts;
using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::FromAbsl;

constexpr char kGroupVersion[] = "certificates.k8s.io/v1";
constexpr char kRequests[] = "certificatesigningrequests";
constexpr char kClient[] = "kubernetes.io/kube-apiserver-client";
constexpr char kKubeletClient[] = "kubernetes.io/kube-apiserver-client-kubelet";
constexpr char kKubeletServing[] = "kubernetes.io/kubelet-serving";
constexpr char kLegacy[] = "kubernetes.io/legacy-unknown";
constexpr int64_t kLongest = int64_t{365} * 24 * 3600;
constexpr int64_t kShortest = 600;
constexpr std::chrono::hours kAnswered{1};
constexpr std::chrono::hours kPending{24};

bool Is(const json::Object& request, std::string_view condition) {
  const json::Object* status = kinds::FindObject(request, {"status"});
  return status != nullptr && FindCondition(*status, condition) != nullptr;
}

bool IsIssued(const json::Object& request) {
  return !Text(request, {"status", "certificate"}).empty();
}

std::set<std::string> UsagesOf(const json::Object& request) {
  std::set<std::string> usages;
  if (const json::Array* list = kinds::FindArray(request, {"spec", "usages"})) {
    for (const json::Value& one : *list) usages.insert(kinds::Plain(one));
  }
  return usages;
}

// Empty where the usages are these; key encipherment may be missing, which not all keys can do.
std::string CheckUsages(std::set<std::string> usages, const char* purpose) {
  usages.erase("key encipherment");
  if (usages == std::set<std::string>{"digital signature", purpose}) return "";
  return Concat("usages did not match [key encipherment digital signature ", std::string(purpose),
                "]");
}

std::string CheckNode(const SigningRequestFacts& facts) {
  if (facts.organizations != std::vector<std::string>{"system:nodes"}) {
    return "subject organization is not system:nodes";
  }
  if (!facts.common_name.starts_with("system:node:")) {
    return "subject common name does not begin with system:node:";
  }
  if (facts.emails > 0) return "Email subjectAltNames are not allowed";
  return facts.uris > 0 ? "URI subjectAltNames are not allowed" : "";
}

std::string CheckKubeletClient(const SigningRequestFacts& facts,
                               const std::set<std::string>& usages) {
  if (std::string fault = CheckNode(facts); !fault.empty()) return fault;
  if (facts.dns_names > 0) return "DNS subjectAltNames are not allowed";
  if (facts.ip_addresses > 0) return "IP subjectAltNames are not allowed";
  return CheckUsages(usages, "client auth");
}

std::string CheckKubeletServing(const SigningRequestFacts& facts,
                                const std::set<std::string>& usages) {
  if (std::string fault = CheckNode(facts); !fault.empty()) return fault;
  if (facts.dns_names + facts.ip_addresses == 0) return "DNS or IP subjectAltName is required";
  return CheckUsages(usages, "server auth");
}

// What the signer has against the request; empty: nothing.
std::string Check(std::string_view signer, const SigningRequestFacts& facts,
                  const std::set<std::string>& usages) {
  if (signer == kKubeletClient) return CheckKubeletClient(facts, usages);
  if (signer == kKubeletServing) return CheckKubeletServing(facts, usages);
  if (signer != kClient) return "";
  for (const std::string& usage : usages) {
    if (usage != "client auth" && usage != "digital signature" && usage != "key encipherment") {
      return Concat("invalid usage for client certificate: ", usage);
    }
  }
  return usages.contains("client auth") ? ""
                                        : "missing required usage for client certificate: "
                                          "client auth";
}

absl::StatusOr<std::string> PemOf(const json::Object& request) {
  return api::DecodeBase64(Text(request, {"spec", "request"}));
}

absl::Status UnlessGone(const absl::Status& status) {
  return registry::HasReason(status, "NotFound") ? absl::OkStatus() : status;
}

apiserver::User RequesterOf(const json::Object& request) {
  apiserver::User user{.name = std::string(Text(request, {"spec", "username"})),
                       .uid = std::string(Text(request, {"spec", "uid"}))};
  if (const json::Array* groups = kinds::FindArray(request, {"spec", "groups"})) {
    for (const json::Value& one : *groups) user.groups.push_back(kinds::Plain(one));
  }
  return user;
}

std::chrono::seconds Since(std::string_view text, const WallClock& wall) {
  const auto time = api::ParseTimestamp(text);
  return std::chrono::seconds(time.ok() ? wall.Now().seconds - time->seconds : 0);
}

}  // namespace

CertificateApprover::CertificateApprover(Environment& environment)
    : Controller(environment, {.name = "certificate-controller"}),
      requests_(environment.informers.Of(kGroupVersion, kRequests)) {
  requests_.AddHandler([this](const Change& change) {
    if (!change.deleted()) queue().Add(change.key());
  });
}

absl::Status CertificateApprover::Sync(const std::string& key) {
  const StoredObjectPtr known = requests_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object request = known->Parse();
  if (Text(request, {"spec", "signerName"}) != kKubeletClient || IsIssued(request) ||
      Is(request, "Approved") || Is(request, "Denied")) {
    return absl::OkStatus();
  }
  const auto pem = PemOf(request);
  const auto facts = pem.ok() ? cluster::ReadSigningRequest(*pem) : pem.status();
  // Not a kubelet's: people decide.
  if (!facts.ok() || !CheckKubeletClient(*facts, UsagesOf(request)).empty()) {
    return absl::OkStatus();
  }
  const apiserver::User user = RequesterOf(request);
  const auto may = [&](const std::string& what) {
    return environment()
        .authorizer
        .Authorize(user, {.is_resource = true,
                          .verb = "create",
                          .group = "certificates.k8s.io",
                          .version = "*",
                          .resource = kRequests,
                          .subresource = what})
        .allowed;
  };
  std::string_view why;
  if (user.name == facts->common_name && may("selfnodeclient")) {
    why = "Auto approving self kubelet client certificate after SubjectAccessReview.";
  } else if (may("nodeclient")) {
    why = "Auto approving kubelet client certificate after SubjectAccessReview.";
  } else {
    return absl::OkStatus();
  }
  const std::string now = environment().wall.Text();
  const auto approve = [&](json::Object& object) {
    SetCondition(kinds::Child(object, "status"),
                 {{"type", "Approved"},
                  {"status", "True"},
                  {"reason", "AutoApproved"},
                  {"message", json::ToBoost(why)},
                  {"lastUpdateTime", now}},
                 now);
  };
  return UnlessGone(client().Change(requests_.kind(), "", key, "approval", approve).status());
}

CertificateSigner::CertificateSigner(Environment& environment)
    : Controller(environment, {.name = "certificate-controller"}),
      requests_(environment.informers.Of(kGroupVersion, kRequests)) {
  requests_.AddHandler([this](const Change& change) {
    if (!change.deleted() && Is(change.document(), "Approved")) queue().Add(change.key());
  });
}

absl::Status CertificateSigner::Sync(const std::string& key) {
  const StoredObjectPtr known = requests_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object request = known->Parse();
  const std::string_view signer = Text(request, {"spec", "signerName"});
  const bool is_ours = signer == kClient || signer == kKubeletClient || signer == kKubeletServing ||
                       signer == kLegacy;
  if (!is_ours || IsIssued(request) || !Is(request, "Approved") || Is(request, "Denied") ||
      Is(request, "Failed")) {
    return absl::OkStatus();
  }
  const std::set<std::string> usages = UsagesOf(request);
  const int64_t asked = kinds::Integer(request, {"spec", "expirationSeconds"}, kLongest);
  const cluster::Bootstrap& cluster = environment().cluster;
  const auto pem = PemOf(request);
  absl::Status refused = pem.status();
  std::string certificate;
  if (refused.ok()) {
    const auto facts = cluster::ReadSigningRequest(*pem);
    refused = facts.status();
    const std::string fault = facts.ok() ? Check(signer, *facts, usages) : "";
    if (!fault.empty()) refused = absl::InvalidArgumentError(fault);
  }
  if (refused.ok()) {
    auto made =
        cluster::Sign(signer == kKubeletServing ? cluster.server_ca : cluster.client_ca, *pem,
                      {.usages = {usages.begin(), usages.end()},
                       .lifetime = std::chrono::seconds(std::clamp(asked, kShortest, kLongest))});
    refused = made.status();
    if (made.ok()) certificate = *std::move(made);
  }
  // What is wrong with this server is tried again; what is wrong with the request stays so.
  if (!refused.ok() && !absl::IsInvalidArgument(refused)) return refused;
  const std::string now = environment().wall.Text();
  const auto answer = [&](json::Object& object) {
    json::Object& status = kinds::Child(object, "status");
    if (refused.ok()) {
      kinds::Set(status, "certificate", json::Value(json::ToBoost(api::EncodeBase64(certificate))));
      return;
    }
    SetCondition(status,
                 {{"type", "Failed"},
                  {"status", "True"},
                  {"reason", "SignerValidationFailure"},
                  {"message", json::ToBoost(FromAbsl(refused.message()))},
                  {"lastUpdateTime", now}},
                 now);
  };
  return UnlessGone(client().Change(requests_.kind(), "", key, "status", answer).status());
}

CertificateCleaner::CertificateCleaner(Environment& environment)
    : Controller(environment, {.name = "certificate-controller"}),
      requests_(environment.informers.Of(kGroupVersion, kRequests)) {
  requests_.AddHandler([this](const Change& change) {
    if (!change.deleted()) queue().Add(change.key());
  });
}

absl::Status CertificateCleaner::Sync(const std::string& key) {
  const StoredObjectPtr known = requests_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object request = known->Parse();
  std::chrono::seconds left =
      kPending - Since(Text(request, {"metadata", "creationTimestamp"}), environment().wall);
  const auto until = [&](std::string_view condition) {
    const json::Object* status = kinds::FindObject(request, {"status"});
    const json::Object* found = status == nullptr ? nullptr : FindCondition(*status, condition);
    if (found == nullptr) return;
    left = std::min<std::chrono::seconds>(
        left, kAnswered - Since(Text(*found, {"lastUpdateTime"}), environment().wall));
  };
  until("Denied");
  until("Failed");
  if (IsIssued(request)) {
    until("Approved");
    const auto pem = api::DecodeBase64(Text(request, {"status", "certificate"}));
    const auto facts = cluster::ReadCertificate(pem.ok() ? *pem : "");
    if (facts.ok()) {
      left =
          std::min(left, std::chrono::seconds(facts->not_after - environment().wall.Now().seconds));
    }
  }
  if (left > left.zero()) {
    queue().AddAfter(key, left);
    return absl::OkStatus();
  }
  return UnlessGone(client().Delete(requests_.kind(), "", key));
}

}  // namespace kvplane::controller
