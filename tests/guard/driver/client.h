// Client: calls the KV service with the bytes of requests and takes the bytes of its answers, as a
// connection would do, without one.
//
// Thread safety: one thread sends and waits; answers come on any.
//
//   Client client(context);
//   client.Send("Range", request);
//   client.AwaitAnswers();
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "etcd/service_context.h"
#include "rpc/service.h"

namespace kvshim::guard {

class Client {
 public:
  explicit Client(const etcd::ServiceContext& context);

  // `request`: a message of the class that the method takes. An error ends the program.
  void Send(std::string_view method, std::string request);
  // Until everything that was sent is answered.
  void AwaitAnswers();

  int64_t answered_bytes() const;

 private:
  class Call;

  void Answered(rpc::Message message);

  const rpc::Service service_;
  mutable base::Mutex mutex_;
  base::Condition changed_;
  int64_t unanswered_ GUARDED_BY(mutex_) = 0;
  int64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace kvshim::guard
