#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "etcd/wire_writer.h"
#include "guard/driver/measure.h"
#include "guard/driver/operations.h"
#include "guard/driver/requests.h"
#include "micro/must.h"
#include "micro/pods.h"
#include "rpc/server.h"

namespace kvshim::guard {
namespace {

constexpr const char* kPath = "/guard.Pod/Get";

// The answers that are complete in what a server sends: frames that end a stream.
class AnswerCounter {
 public:
  void Add(std::string_view bytes) {
    constexpr size_t kHeader = 9;
    constexpr uint8_t kEndStream = 1;
    while (!bytes.empty()) {
      const size_t skipped = std::min(bytes.size(), payload_);
      payload_ -= skipped;
      bytes.remove_prefix(skipped);
      const size_t taken = std::min(bytes.size(), kHeader - header_.size());
      header_ += bytes.substr(0, taken);
      bytes.remove_prefix(taken);
      if (header_.size() < kHeader) continue;
      const auto byte = [&](size_t i) { return static_cast<uint8_t>(header_[i]); };
      payload_ = size_t{byte(0)} << 16 | size_t{byte(1)} << 8 | byte(2);
      const bool of_stream = byte(3) == NGHTTP2_DATA || byte(3) == NGHTTP2_HEADERS;
      if (of_stream && (byte(4) & kEndStream) != 0) ++answers_;
      header_.clear();
    }
  }
  int64_t answers() const { return answers_; }

 private:
  std::string header_;  // the part of it that has come
  size_t payload_ = 0;  // yet to come
  int64_t answers_ = 0;
};

// The client's side of a connection: makes the bytes of calls.
class Session {
 public:
  Session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_client_new(&session_, callbacks, nullptr);
    nghttp2_session_callbacks_del(callbacks);
    // So large that the server need not wait for the client.
    constexpr int32_t kWindow = 1 << 30;
    const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  }
  ~Session() { nghttp2_session_del(session_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::string Call(int64_t calls) {
    const nghttp2_nv headers[] = {Header(":method", "POST"),
                                  Header(":scheme", "http"),
                                  Header(":path", kPath),
                                  Header(":authority", "localhost"),
                                  Header("content-type", "application/grpc"),
                                  Header("te", "trailers"),
                                  Header("user-agent", "guard")};
    const nghttp2_data_provider body{.source = {}, .read_callback = ReadMessage};
    for (int64_t i = 0; i < calls; ++i) {
      nghttp2_submit_request(session_, nullptr, headers, std::size(headers), &body, nullptr);
    }
    std::string bytes;
    const uint8_t* data = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &data)) > 0;) {
      bytes.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    return bytes;
  }
  void Take(std::string_view bytes) {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session_, data, bytes.size()) < 0) {
      micro::Must(absl::InternalError("the answers are no HTTP/2"));
    }
  }

 private:
  static nghttp2_nv Header(const char* name, const char* value) {
    const auto bytes = [](const char* text) {
      return reinterpret_cast<uint8_t*>(const_cast<char*>(text));
    };
    return {bytes(name), bytes(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
  }
  // The request: not compressed, and a range of one key.
  static ssize_t ReadMessage(nghttp2_session* /*session*/, int32_t /*stream*/, uint8_t* out,
                             size_t /*room*/, uint32_t* flags, nghttp2_data_source* /*source*/,
                             void* /*user*/) {
    const std::string request = GetBytes(micro::PodKey(1));
    const std::string message = std::string(4, '\0') + static_cast<char>(request.size()) + request;
    message.copy(reinterpret_cast<char*>(out), message.size());
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(message.size());
  }

  nghttp2_session* session_ = nullptr;
};

// Answers with a value from memory, as a get is answered.
rpc::Service PodService(const KeyValue& pod) {
  rpc::Service service("guard.Pod");
  service.Unary("Get", [&pod](rpc::UnaryCall call) {
    rpc::Message answer;
    answer.AppendShared(pod.wire(), pod.Retain(), etcd::kKeyValueOwnership);
    call.Finish(std::move(answer));
  });
  return service;
}

}  // namespace

void MeasureCalls() {
  constexpr int64_t kRounds = 8;
  constexpr int64_t kTogether = 64;
  const KeyValue pod = KeyValue::Make({.key = micro::PodKey(1),
                                       .value = micro::PodValue(),
                                       .create_revision = 2,
                                       .mod_revision = 2,
                                       .version = 1});
  std::vector<rpc::Service> services;
  services.push_back(PodService(pod));
  rpc::Server server({.threads = 1}, std::move(services));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  server.TakeConnection(ends[1], "");

  AnswerCounter counter;
  int64_t expected = 0;
  // Sends calls and gives what came for them.
  const auto call = [&](const std::string& bytes) {
    if (send(ends[0], bytes.data(), bytes.size(), 0) < 0) std::abort();
    expected += kTogether;
    static char buffer[1 << 18];
    std::string came;
    while (counter.answers() < expected) {
      const ssize_t size = recv(ends[0], buffer, sizeof(buffer), 0);
      if (size <= 0) micro::Must(absl::InternalError("the connection has ended"));
      counter.Add({buffer, static_cast<size_t>(size)});
      came.append(buffer, static_cast<size_t>(size));
    }
    return came;
  };
  Session session;
  session.Take(call(session.Call(kTogether)));  // now it knows how many calls it may have open
  std::vector<std::string> rounds;
  for (int64_t i = 0; i < 2 * kRounds; ++i) rounds.push_back(session.Call(kTogether));
  size_t next = 0;
  Measure("call", kRounds * kTogether, [&] {
    for (int64_t i = 0; i < kRounds; ++i) call(rounds[next++]);
  });
  close(ends[0]);
}

}  // namespace kvshim::guard
