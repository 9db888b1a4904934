// CompletionLoop: one gRPC completion queue and the thread that serves it.
//
// Thread safety: Stop is called once, from outside of the thread. Every operation started on the
// queue names a Tag that lives until it was completed.
#pragma once

#include <grpcpp/completion_queue.h>

#include <memory>
#include <string>
#include <thread>

namespace kvshim::rpc {

// What to do when an operation completes: a member function of the call that started it.
struct Tag {
  void* call;
  void (*complete)(void* call, bool ok);

  template <auto kMember, typename Call>
  static Tag Of(Call* call) {
    return {call, [](void* erased, bool ok) { (static_cast<Call*>(erased)->*kMember)(ok); }};
  }
};

class CompletionLoop {
 public:
  explicit CompletionLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue)
      : queue_(std::move(queue)) {}
  ~CompletionLoop() { Stop(); }

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  void Start(const std::string& thread_name);
  // Completes what is under way and joins the thread. The server must have been shut down before,
  // and no operation may be started any more.
  void Stop();

 private:
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
};

}  // namespace kvshim::rpc
