#include "apiserver/reader.h"

#include <utility>
#include <vector>

#include "api/envelope.h"
#include "apiserver/conversion.h"
#include "apiserver/item.h"
#include "apiserver/table.h"
#include "base/status.h"
#include "base/strings.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

// How many are read from history at once where no limit is given or few are selected.
constexpr int64_t kPage = 500;
// That a list's text leaves, so that the answer's head is put before it without a copy.
constexpr size_t kRoomForHead = 1024;

json::Object ListMetadata(const Reader::Selected& selected, bool all) {
  json::Object metadata{{"resourceVersion", std::to_string(selected.revision)}};
  if (!selected.next_key.empty()) {
    metadata["continue"] = ContinueToken(selected.revision, selected.next_key);
    if (all && selected.remaining > 0) metadata["remainingItemCount"] = selected.remaining;
  }
  return metadata;
}

std::string ListKind(const Call& call) {
  return call.wanted.form == Form::kMetadata ? "PartialObjectMetadataList"
                                             : Concat(call.served->resource->kind, "List");
}

std::string ListVersion(const Call& call) {
  return call.wanted.form == Form::kMetadata ? "meta.k8s.io/v1" : std::string(call.group_version());
}

// Of `document` that is yet to get so many bytes before its last bracket.
std::string OpenText(const json::Object& document, std::string_view closing, size_t bytes) {
  std::string text = api::ToJson(json::Value(document));
  text.resize(text.size() - closing.size());
  text.reserve(text.size() + bytes);
  return text;
}

json::Object TableDocument(const Call& call, json::Object metadata, json::Array rows) {
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", std::move(metadata)},
          {"columnDefinitions", TableColumns(call.kind())},
          {"rows", std::move(rows)}};
}

json::Object RowOf(const Call& call, const registry::StoredObject& object) {
  const bool converted = FindConverted(call, object) != nullptr;
  return TableRow(call, converted ? ItemDocument(call, object) : object.Parse());
}

// Row by row: the documents of many objects at once would be many times as large as their text.
Answer JsonTable(const Call& call, const Reader::Selected& selected, json::Object metadata) {
  constexpr std::string_view kEnd = "]}";
  Answer answer;
  answer.body = OpenText(TableDocument(call, std::move(metadata), json::Array()), kEnd, 0);
  bool first = true;
  for (const auto& object : selected.objects) {
    if (!first) answer.body += ',';
    first = false;
    answer.body += api::ToJson(json::Value(RowOf(call, *object)));
  }
  answer.body += "]}\n";
  return answer;
}

Answer TableList(const Call& call, const Reader::Selected& selected, json::Object metadata) {
  if (call.wanted.encoding == Encoding::kJson)
    return JsonTable(call, selected, std::move(metadata));
  json::Array rows;
  rows.reserve(selected.objects.size());
  for (const auto& object : selected.objects) rows.push_back(RowOf(call, *object));
  return AnswerDocument(call, TableDocument(call, std::move(metadata), std::move(rows)));
}

Answer JsonList(const Call& call, const Reader::Selected& selected, json::Object metadata) {
  constexpr std::string_view kEnd = "]}";
  size_t bytes = kEnd.size() + 1;
  for (const auto& object : selected.objects) bytes += ItemJson(call, *object).size() + 1;
  Answer answer;
  answer.body = OpenText({{"kind", ListKind(call)},
                          {"apiVersion", ListVersion(call)},
                          {"metadata", std::move(metadata)},
                          {"items", json::Array()}},
                         kEnd, bytes + kRoomForHead);
  bool first = true;
  for (const auto& object : selected.objects) {
    if (!first) answer.body += ',';
    first = false;
    answer.body += ItemJson(call, *object);
  }
  answer.body += "]}\n";
  return answer;
}

Answer DocumentList(const Call& call, const Reader::Selected& selected, json::Object metadata) {
  json::Array items;
  items.reserve(selected.objects.size());
  for (const auto& object : selected.objects) items.push_back(ItemDocument(call, *object));
  const json::Object list{{"kind", ListKind(call)},
                          {"apiVersion", ListVersion(call)},
                          {"metadata", std::move(metadata)},
                          {"items", std::move(items)}};
  return AnswerDocument(call, list);
}

// From what each object was written as once, as JsonList.
Answer ProtobufList(const Call& call, const Reader::Selected& selected, json::Object metadata) {
  std::vector<std::string_view> items;
  items.reserve(selected.objects.size());
  for (const auto& object : selected.objects) items.push_back(ItemProtobuf(call, *object));
  const json::Object empty{{"kind", ListKind(call)},
                           {"apiVersion", ListVersion(call)},
                           {"metadata", metadata},
                           {"items", json::Array()}};
  auto list = api::EncodeList(Encode(empty, Encoding::kProtobuf), items);
  // What protobuf cannot hold is JSON.
  if (!list.ok()) return DocumentList(call, selected, std::move(metadata));
  return {.content_type = std::string(kProtobufType), .body = *std::move(list)};
}

}  // namespace

absl::StatusOr<Answer> Reader::Get(const Call& call) {
  ASSIGN_OR_RETURN(json::Object object,
                   registry_.Get(call.stored_kind(), call.target.name_space, call.target.name));
  return AnswerObject(call, std::move(object));
}

absl::StatusOr<Answer> Reader::List(const Call& call, const ListOptions& options) {
  ASSIGN_OR_RETURN(const Selected selected, Select(call, options));
  RETURN_IF_ERROR(ConvertItems(call, selected.objects));
  json::Object metadata = ListMetadata(selected, options.selection.all());
  if (call.wanted.form == Form::kTable) return TableList(call, selected, std::move(metadata));
  if (call.wanted.encoding == Encoding::kJson) return JsonList(call, selected, std::move(metadata));
  if (call.wanted.encoding == Encoding::kProtobuf) {
    return ProtobufList(call, selected, std::move(metadata));
  }
  return DocumentList(call, selected, std::move(metadata));
}

absl::StatusOr<Reader::Selected> Reader::Select(const Call& call, const ListOptions& options) {
  if (!options.continue_key.empty()) return GoOn(call, options);
  const bool exact =
      options.match == Match::kExact ||
      (options.match == Match::kUnset && options.limit > 0 && options.revision.value_or(0) > 0);
  if (exact) {
    return FromHistory(call, options, *options.revision,
                       registry::PrefixOf(call.kind(), call.target.name_space));
  }
  return FromCache(call, options);
}

// Where the history that the list began in is compacted, its rest can be had as it is now: whoever
// would rather have that than begin anew finds a token for it in the failure.
absl::StatusOr<Reader::Selected> Reader::GoOn(const Call& call, const ListOptions& options) {
  int64_t revision = options.continue_revision;
  if (revision == kAnyRevision) {
    ASSIGN_OR_RETURN(revision, registry_.CurrentRevision());
  }
  auto selected = FromHistory(call, options, revision, options.continue_key);
  if (!registry::HasReason(selected.status(), "Expired")) return selected;
  return registry::MakeStatus(
      {.code = 410,
       .reason = "Expired",
       .message = "The provided continue parameter is too old to display a consistent list result. "
                  "You can start a new list without the continue parameter, or use the continue "
                  "token in this response to retrieve the remainder of the results. Continuing "
                  "with the provided token results in an inconsistent list - objects that were "
                  "created, modified, or deleted between the time the first chunk was returned "
                  "and now may show up in the list.",
       .continue_token = ContinueToken(kAnyRevision, options.continue_key)});
}

absl::StatusOr<Reader::Selected> Reader::FromCache(const Call& call, const ListOptions& options) {
  int64_t revision = 0;
  if (options.revision.has_value()) {
    revision = *options.revision;
  } else {
    ASSIGN_OR_RETURN(revision, registry_.CurrentRevision());
  }
  const std::string prefix = registry::PrefixOf(call.kind(), call.target.name_space);
  ASSIGN_OR_RETURN(registry::WatchCache::Snapshot snapshot,
                   registry_.CacheOf(call.stored_kind()).List(prefix, revision));
  Selected selected{.revision = snapshot.revision};
  size_t seen = 0;
  for (const auto& object : snapshot.objects) {
    ++seen;
    if (!options.selection.Matches(*object)) continue;
    if (options.limit > 0 && selected.objects.size() == static_cast<size_t>(options.limit)) {
      selected.next_key = object->key();
      selected.remaining = static_cast<int64_t>(snapshot.objects.size() - seen + 1);
      break;
    }
    selected.objects.push_back(object);
  }
  return selected;
}

absl::StatusOr<Reader::Selected> Reader::FromHistory(const Call& call, const ListOptions& options,
                                                     int64_t revision, std::string key) {
  const std::string prefix = registry::PrefixOf(call.kind(), call.target.name_space);
  Selected selected{.revision = revision};
  for (;;) {
    ASSIGN_OR_RETURN(const registry::Registry::Page page,
                     registry_.ReadAt(call.stored_kind(), prefix, key, revision, kPage));
    int64_t seen = 0;
    for (const auto& object : page.objects) {
      ++seen;
      if (!options.selection.Matches(*object)) continue;
      if (options.limit > 0 && selected.objects.size() == static_cast<size_t>(options.limit)) {
        selected.next_key = object->key();
        selected.remaining = page.count - seen + 1;
        return selected;
      }
      selected.objects.push_back(object);
    }
    if (!page.more) return selected;
    key = page.objects.back()->key() + '\0';
  }
}

}  // namespace kvplane::apiserver
