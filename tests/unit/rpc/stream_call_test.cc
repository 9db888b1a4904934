// Streams as a gRPC client and a StreamHandler see them.
#include <chrono>
#include <thread>

#include "client.h"
#include "journal.h"

namespace kvshim::rpc {
namespace {

constexpr char kBidi[] = "/test.Streams/Bidi";
constexpr char kServer[] = "/test.Streams/Server";
constexpr char kEcho[] = "/test.Streams/Echo";
constexpr size_t kMegabyte = size_t{1} << 20;

class StreamCallTest : public testing::Test {
 protected:
  std::shared_ptr<Stream> Opened(size_t times = 1) {
    EXPECT_TRUE(record_.journal.WaitFor("open", times));
    return record_.stream();
  }

  StreamRecord record_;
};

TEST_F(StreamCallTest, MessagesComeBackInOrderUntilTheClientCloses) {
  record_.script = EchoScript();
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(stream->Write(std::to_string(i)));
    EXPECT_EQ(stream->Read(), std::to_string(i));
  }
  stream->HalfClose();
  EXPECT_EQ(stream->Read(), std::nullopt);
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_TRUE(record_.journal.WaitFor("destroyed"));
  EXPECT_EQ(record_.journal.Count("message"), 100U);
  const std::vector<std::string> events = record_.journal.events();
  EXPECT_EQ(events.front(), "open");
  EXPECT_EQ(std::vector<std::string>(events.end() - 3, events.end()),
            (std::vector<std::string>{"half-close", "done", "destroyed"}));
}

TEST_F(StreamCallTest, ServerStreamingHasOneMessageAndThenAnyNumberOfAnswers) {
  record_.script.on_message = [](Stream& stream, std::string bytes) {
    for (int i = 0; i < 50; ++i) stream.Send(Message::Copy(base::Concat(bytes, i)));
    stream.Finish(absl::OkStatus());
  };
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kServer);
  stream->Write("x");
  stream->HalfClose();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(stream->Read(), base::Concat("x", i));
  EXPECT_EQ(stream->Read(), std::nullopt);
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_TRUE(record_.journal.WaitFor("destroyed"));
  EXPECT_EQ(record_.journal.events(),
            (std::vector<std::string>{"open", "message", "done", "destroyed"}));
}

TEST_F(StreamCallTest, FinishComesAfterWhatWasQueued) {
  record_.script.on_open = [](Stream& stream) {
    std::vector<Message> burst;
    for (int i = 0; i < 200; ++i) burst.push_back(Message::Copy(std::to_string(i)));
    stream.Send(std::move(burst));
    stream.Finish(absl::OkStatus());
    stream.Send(Message::Copy("too late"));
    stream.Finish(absl::InternalError("too late"));
  };
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(stream->Read(), std::to_string(i));
  EXPECT_EQ(stream->Read(), std::nullopt);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(StreamCallTest, ErrorCarriesItsCodeAndText) {
  record_.script.on_message = [](Stream& stream, std::string) {
    stream.Finish(absl::FailedPreconditionError("no leader"));
  };
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  for (const char* path : {kBidi, kServer}) {
    const auto stream = client.Open(path);
    stream->Write("x");
    if (path == kServer) stream->HalfClose();
    EXPECT_EQ(stream->Read(), std::nullopt);
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(), "no leader");
  }
}

TEST_F(StreamCallTest, MayBeSentOnFromSeveralThreads) {
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  const auto sending = Opened();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&sending] {
      for (int n = 0; n < 250; ++n) sending->Send(Message::Copy("x"));
    });
  }
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(stream->Read(), "x");
  for (std::thread& thread : threads) thread.join();
  // The client may have a message before the server knows that it is written.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (sending->pending_bytes() != 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(sending->pending_bytes(), 0U);
}

TEST_F(StreamCallTest, SlowReaderIsSeenByPendingBytesAndDrainsLater) {
  TestServer server({.stream_low_water = kMegabyte}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  const auto sending = Opened();
  EXPECT_FALSE(sending->is_backed_up());
  constexpr size_t kMessages = 20;
  std::vector<Message> burst;
  for (size_t i = 0; i < kMessages; ++i)
    burst.push_back(Message::Copy(std::string(kMegabyte, 'v')));
  sending->Send(std::move(burst));
  EXPECT_GT(sending->pending_bytes(), 4 * kMegabyte);
  EXPECT_TRUE(sending->is_backed_up());
  // Somebody else on the same connection does not wait for the slow reader.
  EXPECT_EQ(client.Call(kEcho, "x").bytes, "x");
  EXPECT_EQ(record_.journal.Count("drained"), 0U);
  for (size_t i = 0; i < kMessages; ++i) ASSERT_EQ(stream->Read()->size(), kMegabyte);
  EXPECT_TRUE(record_.journal.WaitFor("drained"));
  EXPECT_FALSE(sending->is_backed_up());
}

TEST_F(StreamCallTest, DrainedIsSaidOnceForEveryTimeItWasBackedUp) {
  TestServer server({.stream_low_water = 100}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  const auto sending = Opened();
  for (size_t round = 1; round <= 3; ++round) {
    for (int i = 0; i < 10; ++i) sending->Send(Message::Copy(std::string(60, 'v')));
    // Ten that fit stay unnoticed, a large one does not.
    sending->Send(Message::Copy(std::string(1000, 'v')));
    for (int i = 0; i < 11; ++i) ASSERT_TRUE(stream->Read().has_value());
    ASSERT_TRUE(record_.journal.WaitFor("drained", round));
  }
  sending->Send(Message::Copy("small"));
  EXPECT_EQ(stream->Read(), "small");
  const size_t before = record_.journal.Count("drained");
  EXPECT_GE(before, 3U);
  stream->Cancel();
  ASSERT_TRUE(record_.journal.WaitFor("done"));
  EXPECT_EQ(record_.journal.Count("drained"), before);
}

TEST_F(StreamCallTest, NothingIsReadWhilePaused) {
  record_.script = EchoScript();
  record_.script.on_open = [](Stream& stream) { stream.PauseReading(); };
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  for (const char* bytes : {"a", "b", "c"}) ASSERT_TRUE(stream->Write(bytes));
  const auto paused = Opened();
  EXPECT_EQ(client.Call(kEcho, "x").bytes, "x");
  EXPECT_EQ(record_.journal.Count("message"), 0U);
  paused->ResumeReading();
  for (const char* bytes : {"a", "b", "c"}) EXPECT_EQ(stream->Read(), bytes);
}

TEST_F(StreamCallTest, CancelOfTheClientEndsInDone) {
  TestServer server({.stream_low_water = 1000}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  const auto sending = Opened();
  for (int i = 0; i < 64; ++i) sending->Send(Message::Copy(std::string(kMegabyte, 'v')));
  stream->Cancel();
  ASSERT_TRUE(record_.journal.WaitFor("destroyed"));
  EXPECT_TRUE(sending->cancelled());
  // Nothing of the client is held, and nothing more is taken for it.
  EXPECT_EQ(sending->pending_bytes(), 0U);
  sending->Send(Message::Copy("to nobody"));
  EXPECT_EQ(sending->pending_bytes(), 0U);
  sending->PauseReading();
  sending->ResumeReading();
  sending->Finish(absl::OkStatus());
  sending->peer();
  sending->Metadata("x");
  EXPECT_EQ(record_.journal.Count("done"), 1U);
  EXPECT_EQ(client.Call(kEcho, "still").bytes, "still");
}

TEST_F(StreamCallTest, DisconnectedClientEndsInDone) {
  TestServer server({}, StreamService(record_));
  {
    Client client(server.port());
    const auto stream = client.Open(kBidi);
    Opened();
  }
  EXPECT_TRUE(record_.journal.WaitFor("destroyed"));
  EXPECT_EQ(record_.journal.Count("done"), 1U);
}

TEST_F(StreamCallTest, TooLargeMessageEndsTheStreamOnly) {
  record_.script = EchoScript();
  TestServer server({.max_receive_bytes = 1000}, StreamService(record_));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  ASSERT_TRUE(stream->Write("fits"));
  EXPECT_EQ(stream->Read(), "fits");
  stream->Write(std::string(1001, 'x'));
  EXPECT_EQ(stream->Read(), std::nullopt);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(record_.journal.WaitFor("done"));
  EXPECT_EQ(record_.journal.Count("message"), 1U);
  EXPECT_EQ(client.Call(kEcho, "still").bytes, "still");
}

TEST_F(StreamCallTest, FurtherStreamsThanAllowedGetTheConfiguredAnswer) {
  TestServer server(
      {.max_concurrent_calls = 1, .too_many_calls = absl::ResourceExhaustedError("enough")},
      StreamService(record_));
  Client client(server.port());
  const auto first = client.Open(kBidi);
  Opened();
  const auto second = client.Open(kBidi);
  EXPECT_EQ(second->Read(), std::nullopt);
  const grpc::Status status = second->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "enough");
  EXPECT_EQ(record_.journal.Count("open"), 1U);
}

TEST_F(StreamCallTest, ManyStreamsAreOpenAtOnce) {
  record_.script = EchoScript();
  TestServer server({}, StreamService(record_));
  Client client(server.port());
  std::vector<std::unique_ptr<ClientStream>> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(client.Open(kBidi));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(streams[i]->Write(std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(streams[i]->Read(), std::to_string(i));
  EXPECT_EQ(server->active_calls(), 100U);
  streams.clear();
  EXPECT_TRUE(record_.journal.WaitFor("destroyed", 100));
}

}  // namespace
}  // namespace kvshim::rpc
