#include "store/local_watch.h"

#include <string>
#include <utility>

namespace kvshim::store {

LocalWatch::LocalWatch(watch::Hub& hub, base::Executor& executor, Observer observer)
    : executor_(executor) {
  mailbox_->observer = std::move(observer);
  mailbox_->low_water = hub.low_water();
  stream_ = hub.OpenStream(*this);
  mailbox_->stream = stream_.get();
}

LocalWatch::~LocalWatch() {
  {
    base::MutexLock lock(mailbox_->mutex);
    mailbox_->closed = true;
    while (mailbox_->running) mailbox_->idle.Wait(mailbox_->mutex);
    mailbox_->responses.clear();
  }
  stream_->Close();
}

void LocalWatch::Start(const WatchRequest& request) { stream_->CreateWatch(request, {}); }

void LocalWatch::Send(const watch::Response& response) {
  WatchResponse out;
  out.watch_id = response.watch_id;
  out.revision = response.revision;
  out.created = response.created;
  out.canceled = response.canceled;
  out.compact_revision = response.compact_revision;
  out.cancel_reason = std::string(response.cancel_reason);
  size_t bytes = sizeof(WatchResponse);
  out.events.reserve(response.events.size());
  for (const watch::Event* event : response.events) {
    out.events.push_back({event->kv(), response.prev_kv ? event->prev_kv() : KeyValue()});
    bytes += event->wire_size(response.prev_kv);
  }
  Post(std::move(out), bytes);
}

void LocalWatch::End(const absl::Status& status) {
  WatchResponse last;
  last.canceled = true;
  last.cancel_reason = std::string(status.message());
  Post(std::move(last), 0);
}

void LocalWatch::Post(WatchResponse response, size_t bytes) {
  base::MutexLock lock(mailbox_->mutex);
  if (mailbox_->closed) return;
  mailbox_->pending_bytes.fetch_add(bytes);
  mailbox_->responses.emplace_back(std::move(response), bytes);
  if (mailbox_->running) return;
  mailbox_->running = executor_.Submit([mailbox = mailbox_] { Deliver(mailbox); });
}

void LocalWatch::Deliver(const std::shared_ptr<Mailbox>& mailbox) {
  while (true) {
    std::pair<WatchResponse, size_t> next;
    {
      base::MutexLock lock(mailbox->mutex);
      if (mailbox->closed || mailbox->responses.empty()) {
        mailbox->running = false;
        mailbox->idle.NotifyAll();
        return;
      }
      next = std::move(mailbox->responses.front());
      mailbox->responses.pop_front();
    }
    mailbox->observer(next.first);
    const size_t before = mailbox->pending_bytes.fetch_sub(next.second);
    if (before >= mailbox->low_water && before - next.second < mailbox->low_water) {
      mailbox->stream->Drained();
    }
  }
}

}  // namespace kvshim::store
