// Unary calls as a gRPC client sees them.
#include <atomic>
#include <deque>
#include <thread>

#include "client.h"
#include "journal.h"

namespace kvshim::rpc {
namespace {

constexpr char kEcho[] = "/test.Calls/Echo";
constexpr char kHold[] = "/test.Calls/Hold";

// Calls that wait until the test lets them go.
class HeldCalls {
 public:
  void Add(UnaryCall call) {
    base::MutexLock lock(mutex_);
    calls_.push_back(std::move(call));
    added_.NotifyAll();
  }
  UnaryCall Take() {
    base::MutexLock lock(mutex_);
    while (calls_.empty()) added_.Wait(mutex_);
    UnaryCall call = std::move(calls_.front());
    calls_.pop_front();
    return call;
  }

 private:
  base::Mutex mutex_;
  base::Condition added_;
  std::deque<UnaryCall> calls_ GUARDED_BY(mutex_);
};

class UnaryCallTest : public testing::Test {
 protected:
  static Service Calls(HeldCalls& held) {
    Service service("test.Calls");
    service.Unary("Echo",
                  [](UnaryCall call) { call.Finish(Message::Copy(call.request().bytes())); });
    service.Unary("Hold", [&held](UnaryCall call) { held.Add(std::move(call)); });
    service.Unary("Drop", [](UnaryCall) {});
    service.Unary("Fail", [](UnaryCall call) {
      call.Finish(absl::OutOfRangeError("etcdserver: mvcc: required revision – compacted"));
    });
    service.Unary("Describe", [](UnaryCall call) {
      const CallContext& context = call.context();
      call.Finish(Message::Copy(base::Concat(context.Metadata("x-token").value_or("none"), " ",
                                             context.Metadata("x-other").value_or("none"), " ",
                                             context.peer().substr(0, 15), " '",
                                             context.peer_common_name(), "'")));
    });
    return service;
  }

  HeldCalls held_;
};

TEST_F(UnaryCallTest, IsAnsweredWithTheBytesOfTheHandler) {
  TestServer server({}, Calls(held_));
  Client client(server.port());
  const Reply reply = client.Call(kEcho, "hello");
  EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.bytes, "hello");
  EXPECT_EQ(client.Call(kEcho, "").bytes, "");
  const std::string large(200'000, 'x');
  EXPECT_EQ(client.Call(kEcho, large).bytes, large);
}

TEST_F(UnaryCallTest, ErrorCarriesItsCodeAndText) {
  TestServer server({}, Calls(held_));
  const Reply reply = Client(server.port()).Call("/test.Calls/Fail", "x");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(reply.status.error_message(), "etcdserver: mvcc: required revision – compacted");
}

TEST_F(UnaryCallTest, HandleDroppedUnansweredAnswersInternal) {
  TestServer server({}, Calls(held_));
  const Reply reply = Client(server.port()).Call("/test.Calls/Drop", "x");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(UnaryCallTest, UnknownMethodsAndServicesAreUnimplemented) {
  TestServer server({}, Calls(held_));
  Client client(server.port());
  for (const char* path : {"/test.Calls/Nothing", "/test.Nothing/Echo"}) {
    EXPECT_EQ(client.Call(path, "x").status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << path;
  }
  EXPECT_EQ(client.Call(kEcho, "still").bytes, "still");
}

TEST_F(UnaryCallTest, ContextKnowsHeadersPeerAndDeadline) {
  TestServer server({}, Calls(held_));
  const Reply reply =
      Client(server.port()).Call("/test.Calls/Describe", "", {{"x-token", "secret"}});
  EXPECT_EQ(reply.bytes, "secret none ipv4:127.0.0.1: ''");
}

TEST_F(UnaryCallTest, MayBeAnsweredLaterByAnotherThread) {
  TestServer server({}, Calls(held_));
  Client client(server.port());
  const auto first = client.StartCall(kHold, "first");
  UnaryCall call = held_.Take();
  // The thread that waits for an answer is nobody's: others are served.
  EXPECT_EQ(client.Call(kEcho, "meanwhile").bytes, "meanwhile");
  EXPECT_EQ(call.request().bytes(), "first");
  std::thread([&] { call.Finish(Message::Copy("done")); }).join();
  EXPECT_EQ(first->Take().bytes, "done");
}

TEST_F(UnaryCallTest, ManyAtOnceAreAllAnswered) {
  TestServer server({}, Calls(held_));
  Client client(server.port());
  std::vector<std::unique_ptr<ClientCall>> calls;
  for (int i = 0; i < 500; ++i) calls.push_back(client.StartCall(kEcho, std::to_string(i)));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(calls[i]->Take().bytes, std::to_string(i));
}

TEST_F(UnaryCallTest, TooLargeRequestIsRefusedAndTheConnectionGoesOn) {
  TestServer server({.max_receive_bytes = 1000}, Calls(held_));
  Client client(server.port());
  EXPECT_EQ(client.Call(kEcho, std::string(1000, 'x')).bytes.size(), 1000U);
  EXPECT_EQ(client.Call(kEcho, std::string(1001, 'x')).status.error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(client.Call(kEcho, "still").bytes, "still");
}

TEST_F(UnaryCallTest, FurtherCallsThanAllowedGetTheConfiguredAnswer) {
  TestServer server(
      {.max_concurrent_calls = 2, .too_many_calls = absl::ResourceExhaustedError("enough")},
      Calls(held_));
  Client client(server.port());
  const auto first = client.StartCall(kHold, "");
  const auto second = client.StartCall(kHold, "");
  UnaryCall one = held_.Take();
  UnaryCall two = held_.Take();
  const Reply refused = client.Call(kEcho, "x");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.status.error_message(), "enough");
  one.Finish(Message());
  two.Finish(Message());
  EXPECT_TRUE(first->Take().status.ok());
  EXPECT_TRUE(second->Take().status.ok());
  // A call counts until gRPC is through with it, a moment after its client has the answer.
  bool served = false;
  for (int i = 0; i < 1000 && !served; ++i) served = client.Call(kEcho, "x").status.ok();
  EXPECT_TRUE(served);
}

TEST_F(UnaryCallTest, CancelOfTheClientIsHeardOnce) {
  TestServer server({}, Calls(held_));
  Client client(server.port());
  const auto cancelled = client.StartCall(kHold, "");
  UnaryCall call = held_.Take();
  Journal journal;
  EXPECT_FALSE(call.cancelled());
  call.OnCancel([&] { journal.Note("cancelled"); });
  cancelled->Cancel();
  EXPECT_EQ(cancelled->Take().status.error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(journal.WaitFor("cancelled"));
  EXPECT_TRUE(call.cancelled());
  call.OnCancel([&] { journal.Note("at once"); });
  EXPECT_EQ(journal.Count("at once"), 1U);
  call.Finish(Message::Copy("to nobody"));
  EXPECT_EQ(client.Call(kEcho, "still").bytes, "still");
  EXPECT_EQ(journal.Count("cancelled"), 1U);
}

TEST_F(UnaryCallTest, AnsweredCallDoesNotHearOfACancel) {
  TestServer server({}, Calls(held_));
  Client client(server.port());
  Journal journal;
  const auto pending = client.StartCall(kHold, "");
  {
    UnaryCall call = held_.Take();
    call.OnCancel([&] { journal.Note("cancelled"); });
    call.Finish(Message::Copy("answer"));
  }
  EXPECT_EQ(pending->Take().bytes, "answer");
  pending->Cancel();
  EXPECT_EQ(client.Call(kEcho, "later").bytes, "later");
  server.Stop();
  EXPECT_EQ(journal.Count("cancelled"), 0U);
}

TEST_F(UnaryCallTest, HandleMayOutliveTheServer) {
  std::optional<UnaryCall> kept;
  {
    TestServer server({}, Calls(held_));
    Client client(server.port());
    const auto pending = client.StartCall(kHold, "");
    kept = held_.Take();
    server.Stop();
    EXPECT_FALSE(pending->Take().status.ok());
  }
  EXPECT_TRUE(kept->cancelled());
  EXPECT_EQ(kept->context().Metadata("x"), std::nullopt);
  kept->Finish(Message::Copy("late"));
}

class CountingObserver final : public CallObserver {
 public:
  void OnMethods(const std::vector<const Method*>& methods) override {
    for (const Method* method : methods) journal.Note("method " + method->path());
  }
  void OnStarted(const Method& method) override { journal.Note("started " + method.name); }
  void OnReceived(const Method& method, size_t bytes) override {
    journal.Note(base::Concat("received ", method.name, " ", bytes));
  }
  void OnSent(const Method& method, size_t bytes) override {
    journal.Note(base::Concat("sent ", method.name, " ", bytes));
  }
  void OnHandled(const Method& method, absl::StatusCode code, base::Duration took) override {
    EXPECT_GE(took.count(), 0);
    journal.Note(base::Concat("handled ", method.name, " ", static_cast<int>(code)));
  }
  Journal journal;
};

TEST_F(UnaryCallTest, ObserverHearsOfEveryCallOnce) {
  CountingObserver observer;
  TestServer server({.observer = &observer}, Calls(held_));
  EXPECT_EQ(observer.journal.Count("method /test.Calls/Echo"), 1U);
  Client client(server.port());
  client.Call(kEcho, "four");
  client.Call("/test.Calls/Fail", "x");
  const auto cancelled = client.StartCall(kHold, "");
  UnaryCall call = held_.Take();
  cancelled->Cancel();
  ASSERT_TRUE(observer.journal.WaitFor("handled Hold 1"));
  call.Finish(Message::Copy("late"));
  server.Stop();
  for (const char* event : {"started Echo", "received Echo 4", "sent Echo 4", "handled Echo 0",
                            "started Fail", "handled Fail 11", "started Hold", "handled Hold 1"}) {
    EXPECT_EQ(observer.journal.Count(event), 1U) << event;
  }
}

}  // namespace
}  // namespace kvshim::rpc
