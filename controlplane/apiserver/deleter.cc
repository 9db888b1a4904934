#include "apiserver/deleter.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "apiserver/body.h"
#include "apiserver/conversion.h"
#include "apiserver/item.h"
#include "apiserver/writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

// The body, and what the query says where it says something.
absl::StatusOr<registry::DeleteOptions> OptionsOf(Call& call) {
  ASSIGN_OR_RETURN(json::Object document, ReadOptions(call));
  if (const auto policy = call.Query("propagationPolicy"); !policy.empty()) {
    document["propagationPolicy"] = json::ToBoost(policy);
  }
  if (const auto orphan = call.Query("orphanDependents"); !orphan.empty()) {
    document["orphanDependents"] = orphan == "true" || orphan == "1";
  }
  if (const auto grace = call.Query("gracePeriodSeconds"); !grace.empty()) {
    int64_t seconds = 0;
    const auto read = std::from_chars(grace.data(), grace.data() + grace.size(), seconds);
    if (read.ec != std::errc() || read.ptr != grace.data() + grace.size()) {
      return registry::BadRequest(Concat("gracePeriodSeconds: not a number: ", grace));
    }
    document["gracePeriodSeconds"] = seconds;
  }
  ASSIGN_OR_RETURN(registry::DeleteOptions options, registry::ReadDeleteOptions(document));
  ASSIGN_OR_RETURN(const bool dry_run, ReadDryRun(call));
  options.dry_run |= dry_run;
  options.requester = call.requester();
  return options;
}

// Kinds whose deletion is answered with the object, rather than a Status.
bool ReturnsObject(const kinds::Kind& kind) {
  constexpr std::string_view kCore[] = {
      "namespaces",   "persistentvolumes", "persistentvolumeclaims", "pods",
      "podtemplates", "resourcequotas",    "serviceaccounts",        "services"};
  if (kind.group == "storage.k8s.io") return true;
  return kind.group.empty() &&
         std::find(std::begin(kCore), std::end(kCore), kind.plural) != std::end(kCore);
}

}  // namespace

absl::StatusOr<Answer> Deleter::Delete(Call& call) {
  ASSIGN_OR_RETURN(const registry::DeleteOptions options, OptionsOf(call));
  ASSIGN_OR_RETURN(
      registry::Deleted deleted,
      registry_.Delete(call.stored_kind(), call.target.name_space, call.target.name, options));
  if (deleted.gone && !ReturnsObject(call.kind())) {
    return AnswerDocument(call, SuccessStatus(call.kind(), deleted.object));
  }
  return AnswerObject(call, std::move(deleted.object));
}

absl::StatusOr<Answer> Deleter::DeleteCollection(Call& call, const ListOptions& options) {
  ASSIGN_OR_RETURN(const registry::DeleteOptions delete_options, OptionsOf(call));
  ASSIGN_OR_RETURN(const Reader::Selected selected, reader_.Select(call, options));
  RETURN_IF_ERROR(ConvertItems(call, selected.objects));
  json::Array items;
  for (const auto& object : selected.objects) {
    const json::Object document = object->Parse();
    const absl::Status deleted =
        registry_
            .Delete(call.stored_kind(), kinds::Text(document, {"metadata", "namespace"}),
                    kinds::Text(document, {"metadata", "name"}), delete_options)
            .status();
    // Gone already is as good; another of its name is not what was listed, but what was asked for.
    if (!deleted.ok() && !registry::HasReason(deleted, "NotFound")) return deleted;
    items.push_back(ItemDocument(call, *object));
  }
  const json::Object list{
      {"kind", Concat(call.served->resource->kind, "List")},
      {"apiVersion", json::ToBoost(call.group_version())},
      {"metadata", json::Object{{"resourceVersion", std::to_string(selected.revision)}}},
      {"items", std::move(items)}};
  return AnswerDocument(call, list);
}

}  // namespace kvplane::apiserver
