#include "apiserver/watch_stream.h"

#include <cstdint>
#include <utility>

#include "api/envelope.h"
#include "apiserver/conversion.h"
#include "apiserver/item.h"
#include "apiserver/table.h"
#include "base/strings.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::apiserver {

using kvshim::base::Concat;
using registry::StoredObjectPtr;
using registry::WatchEventType;

namespace {

// Events of protobuf follow each other with their lengths, four bytes, the highest first.
std::string Framed(std::string_view event) {
  const auto size = static_cast<uint32_t>(event.size());
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  return out.append(event);
}

}  // namespace

WatchStream::WatchStream(Call call, registry::Selection selection,
                         std::shared_ptr<Response> response)
    : call_(std::move(call)),
      selection_(std::move(selection)),
      prefix_(registry::PrefixOf(call_.kind(), call_.target.name_space)),
      response_(std::move(response)) {}

void WatchStream::Begin() {
  std::string type(call_.wanted.encoding == Encoding::kProtobuf ? kProtobufType : kJsonType);
  if (call_.wanted.encoding == Encoding::kProtobuf) type += ";stream=watch";
  response_->Begin(200, {{"content-type", type}, {"cache-control", "no-cache, private"}});
}

absl::Status WatchStream::Convert(const std::vector<StoredObjectPtr>& objects) {
  if (call_.converter == nullptr) return absl::OkStatus();
  std::vector<StoredObjectPtr> own;
  for (const StoredObjectPtr& object : objects) {
    if (Concerns(object)) own.push_back(object);
  }
  return ConvertItems(call_, own);
}

bool WatchStream::Concerns(const StoredObjectPtr& object) const {
  if (object == nullptr || !object->key().starts_with(prefix_)) return false;
  if (!call_.target.name.empty() &&
      object->key() != registry::KeyOf(call_.kind(), call_.target.name_space, call_.target.name)) {
    return false;
  }
  return selection_.Matches(*object);
}

bool WatchStream::OnEvent(const registry::WatchEvent& event) {
  const bool before = Concerns(event.previous);
  const bool now = event.type != WatchEventType::kDeleted && Concerns(event.object);
  if (now) return Send(before ? "MODIFIED" : "ADDED", event.object);
  if (!before) return true;
  if (event.type == WatchEventType::kDeleted) return Send("DELETED", event.object);
  return Send("DELETED", event.previous->AtRevision(event.revision));
}

bool WatchStream::SendInitial(const StoredObjectPtr& object) {
  return !Concerns(object) || Send("ADDED", object);
}

bool WatchStream::SendInitialEnd(int64_t revision) { return SendBookmark(revision, true); }

bool WatchStream::Send(std::string_view type, const StoredObjectPtr& object) {
  if (const absl::Status converted = ConvertItems(call_, {object}); !converted.ok()) {
    SendError(converted);
    End();
    return false;
  }
  if (call_.wanted.form == Form::kTable) {
    const bool converted = FindConverted(call_, *object) != nullptr;
    return SendDocument(type,
                        TableEvent(converted ? ItemDocument(call_, *object) : object->Parse()));
  }
  if (call_.wanted.encoding == Encoding::kProtobuf) {
    return Write(type, ItemProtobuf(call_, *object));
  }
  return Write(type, ItemJson(call_, *object));
}

json::Object WatchStream::TableEvent(json::Object object) {
  json::Object table = TableOf(call_, {std::move(object)});
  // Columns are told once.
  if (columns_sent_) table["columnDefinitions"] = nullptr;
  columns_sent_ = true;
  return table;
}

bool WatchStream::SendBookmark(int64_t revision, bool initial_end) {
  json::Object metadata{{"resourceVersion", std::to_string(revision)},
                        {"creationTimestamp", nullptr}};
  if (initial_end) {
    metadata["annotations"] = json::Object{{"k8s.io/initial-events-end", "true"}};
  }
  json::Object object{{"kind", json::ToBoost(call_.served->resource->kind)},
                      {"apiVersion", json::ToBoost(call_.group_version())},
                      {"metadata", std::move(metadata)}};
  if (call_.wanted.form == Form::kTable) {
    return SendDocument("BOOKMARK", TableEvent(std::move(object)));
  }
  if (call_.wanted.form == Form::kMetadata) {
    object["kind"] = "PartialObjectMetadata";
    object["apiVersion"] = "meta.k8s.io/v1";
  }
  return SendDocument("BOOKMARK", object);
}

void WatchStream::SendError(const absl::Status& failure) {
  SendDocument("ERROR", registry::StatusObject(failure));
}

bool WatchStream::SendDocument(std::string_view type, const json::Object& document) {
  const bool protobuf = call_.wanted.encoding == Encoding::kProtobuf;
  return Write(
      type, protobuf ? Encode(document, Encoding::kProtobuf) : api::ToJson(json::Value(document)));
}

bool WatchStream::Write(std::string_view type, std::string_view json_or_protobuf) {
  if (call_.wanted.encoding == Encoding::kProtobuf) {
    return response_->Write(Framed(api::EncodeWatchEvent(type, json_or_protobuf)));
  }
  return response_->Write(Concat(R"({"type":")", type, R"(","object":)", json_or_protobuf, "}\n"));
}

}  // namespace kvplane::apiserver
