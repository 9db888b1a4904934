#include "rpc/completion_loop.h"

#include <pthread.h>

namespace kvshim::rpc {
namespace {

void Complete(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    const Tag& completed = *static_cast<Tag*>(tag);
    completed.complete(completed.call, ok);
  }
}

}  // namespace

void CompletionLoop::Start(const std::string& thread_name) {
  thread_ = std::thread([this, thread_name] {
    pthread_setname_np(pthread_self(), thread_name.c_str());
    Complete(*queue_);
  });
}

void CompletionLoop::Stop() {
  if (queue_ == nullptr) return;
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Complete(*queue_);
  }
  queue_ = nullptr;
}

}  // namespace kvshim::rpc
