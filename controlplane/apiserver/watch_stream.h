// WatchStream: one watch on its way to a client: events that concern what was asked for, each as
// the client sees it change, written as they come.
//
// An object that begins to match a selector is ADDED, one that ceases to is DELETED.
//
// Thread safety: as registry::Watcher::Listener, one call at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apiserver/call.h"
#include "registry/selection.h"
#include "registry/watcher.h"

namespace kvplane::apiserver {

class WatchStream : public registry::Watcher::Listener {
 public:
  WatchStream(Call call, registry::Selection selection, std::shared_ptr<Response> response);

  void Begin();
  // Has those that concern it converted together, where a webhook is to do so.
  absl::Status Convert(const std::vector<registry::StoredObjectPtr>& objects);
  // What there is at the beginning, as additions.
  bool SendInitial(const registry::StoredObjectPtr& object);
  // That the initial ones were all.
  bool SendInitialEnd(int64_t revision);
  void SendError(const absl::Status& failure);
  void End() { response_->End(); }

  bool OnEvent(const registry::WatchEvent& event) override;
  bool OnBookmark(int64_t revision) override { return SendBookmark(revision, false); }
  void OnEnd() override { End(); }

 private:
  bool Concerns(const registry::StoredObjectPtr& object) const;
  bool Send(std::string_view type, const registry::StoredObjectPtr& object);
  bool SendBookmark(int64_t revision, bool initial_end);
  bool SendDocument(std::string_view type, const json::Object& document);
  bool Write(std::string_view type, std::string_view json_or_protobuf);
  json::Object TableEvent(json::Object object);

  const Call call_;
  const registry::Selection selection_;
  const std::string prefix_;
  const std::shared_ptr<Response> response_;
  bool columns_sent_ = false;
};

}  // namespace kvplane::apiserver
