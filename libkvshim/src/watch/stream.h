// Stream: the watchers of one client stream.
//
// Thread safety: every method may be called from any thread; answers go to the stream's sink in
// the order of the calls. Neither Close nor the destructor may race with another method.
//
//   std::unique_ptr<Stream> stream = hub.OpenStream(sink);
//   stream->CreateWatch({.key = "/a", .range_end = "/b", .start_revision = 7}, {});
//   stream->CancelWatch(WatchId{0});
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "kvshim/watch.h"

namespace kvshim::watch {

class Hub;
struct StreamState;

// What a watch request says beside WatchRequest.
struct CreateOptions {
  WatchId id{0};          // 0: the hub assigns the next free one of the stream, from 0 on
  bool fragment = false;  // a large response may be split
};

class Stream {
 public:
  // Closes.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Answered by `created`, or by `created` and `canceled` with etcd's reason where the range is
  // empty, the id is taken or the start revision negative. An empty key stands for "\0".
  void CreateWatch(const WatchRequest& request, const CreateOptions& options);

  // Answers a request that may not be served (permission denied): created and canceled at once.
  void RefuseWatch(std::string_view reason);

  // Answered by `canceled`; an unknown id by nothing. No event of the watcher follows.
  void CancelWatch(WatchId id);

  // Answered once, with watch id kNoWatch, as soon as every watcher of the stream has been sent
  // everything published; requests that wait for it are answered together. A stream without
  // watchers gets no answer. (etcd drops a request that comes while a watcher is behind.)
  void RequestProgress();

  // To be called by the transport whenever the sink's pending bytes have fallen below
  // Hub::low_water(); costs nothing unless the hub waits for it. May be called from Sink::Send.
  void Drained();

  // Ends every watcher without an answer. When it returns, the sink will not be called again.
  void Close();

 private:
  friend class Hub;
  Stream(Hub* hub, std::unique_ptr<StreamState> state);

  Hub* hub_;
  std::unique_ptr<StreamState> state_;
};

}  // namespace kvshim::watch
