#include "https/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>

#include "apiserver/gzip.h"
#include "client.h"

namespace kvplane::https {
namespace {

using apiserver::Pairs;
using apiserver::Request;
using apiserver::Response;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ListenerTest : public testing::Test {
 protected:
  void Start(apiserver::Handler handler) {
    options_.handler = std::move(handler);
    const cluster::KeyedCertificate authority = *cluster::MakeAuthority("test-ca");
    const cluster::KeyedCertificate serving =
        *cluster::Issue(authority, {.common_name = "x", .purpose = cluster::Purpose::kServer});
    auto made = Listener::Make(options_, {.certificate = serving.certificate, .key = serving.key});
    ASSERT_TRUE(made.ok()) << made.status();
    listener_ = *std::move(made);
    ASSERT_TRUE(listener_->AddAddress("127.0.0.1:0").ok());
    address_ = listener_->addresses().front();
    listener_->Start();
  }
  // Answers each request with what it was: METHOD path?query|body.
  void StartEcho() {
    Start([](Request request, std::shared_ptr<Response> response) {
      std::string text = request.method + " " + request.path;
      for (const auto& [name, value] : request.query) text += "?" + name + "=" + value;
      response->Send(200, {{"content-type", "text/plain"}}, text + "|" + request.body);
    });
  }
  std::string Ask(const std::string& request) {
    Client client(address_);
    client.Write(request);
    return client.ReadToEnd();
  }

  ListenerOptions options_;
  std::unique_ptr<Listener> listener_;
  std::string address_;
};

TEST_F(ListenerTest, AConnectionServesOneRequestAfterTheOther) {
  StartEcho();
  Client client(address_);
  for (int i = 0; i < 3; ++i) {
    client.Write("GET /a%20b?x=1%262&y HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string head;
    EXPECT_EQ(client.ReadAnswer(&head), "GET /a b?x=1&2?y=|");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("connection: close")));
  }
}

TEST_F(ListenerTest, RequestsMayComeAllAtOnce) {
  StartEcho();
  Client client(address_);
  client.Write(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(), "GET /1|");
  EXPECT_EQ(client.ReadAnswer(), "POST /2|hi");
  EXPECT_THAT(client.ReadToEnd(), EndsWith("GET /3|"));
}

TEST_F(ListenerTest, ABodyMayComeInChunks) {
  StartEcho();
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                  "Connection: close\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"),
              EndsWith("POST /|abcde"));
}

TEST_F(ListenerTest, AClientThatAsksIsToldToGoOn) {
  StartEcho();
  Client client(address_);
  client.Write("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Write("hi");
  EXPECT_EQ(client.ReadAnswer(), "PUT /|hi");
}

TEST_F(ListenerTest, ACompressedBodyIsInflatedWithinItsLimit) {
  options_.limits.body_bytes = 10000;
  StartEcho();
  const auto ask = [&](const std::string& body) {
    return Ask(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_THAT(ask(apiserver::Gzip("hello")), EndsWith("POST /|hello"));
  EXPECT_THAT(ask(apiserver::Gzip(std::string(100000, 'a'))), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask("no gzip"), StartsWith("HTTP/1.1 400"));
}

TEST_F(ListenerTest, MalformedRequestsAreAnsweredWithAStatus) {
  StartEcho();
  for (const std::string& request :
       {std::string("nonsense\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nbad header\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        std::string("GET /%zz HTTP/1.1\r\nConnection: close\r\n\r\n"),
        std::string("GET /../etc HTTP/1.1\r\nConnection: close\r\n\r\n"),
        std::string("GET /a/%2e%2E/b HTTP/1.1\r\nConnection: close\r\n\r\n"),
        std::string("GET /a%00 HTTP/1.1\r\nConnection: close\r\n\r\n")}) {
    const std::string answer = Ask(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << request;
    EXPECT_THAT(answer, HasSubstr(R"("reason":"BadRequest")")) << request;
  }
}

TEST_F(ListenerTest, WhatIsTooLargeIsRefusedBeforeItIsRead) {
  options_.limits.body_bytes = 1000;
  options_.limits.header_bytes = 4096;
  StartEcho();
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"),
              HasSubstr("Request entity too large: limit is 1000"));
  EXPECT_THAT(
      Ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + std::string(4096, 'a')),
      StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
}

TEST_F(ListenerTest, SlowClientsAreClosed) {
  options_.limits.header = milliseconds(50);
  options_.limits.body = milliseconds(50);
  options_.limits.idle = milliseconds(50);
  StartEcho();
  EXPECT_EQ(Ask(""), "");
  EXPECT_EQ(Ask("GET / HT"), "");
  EXPECT_EQ(Ask("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na"), "");
}

TEST_F(ListenerTest, LargeAnswersAreCompressedForWhoAccepts) {
  options_.limits.gzip_from_bytes = 1000;
  const std::string large(100000, 'a');
  Start([&](Request, std::shared_ptr<Response> response) { response->Send(200, {}, large); });
  Client client(address_);
  client.Write("GET / HTTP/1.1\r\nAccept-Encoding: br, gzip;q=0.5\r\n\r\n");
  std::string head;
  const std::string body = client.ReadAnswer(&head);
  EXPECT_THAT(head, HasSubstr("content-encoding: gzip"));
  EXPECT_EQ(*apiserver::Gunzip(body, 1 << 20), large);
  client.Write("GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(&head), large);
}

TEST_F(ListenerTest, HeadHasNoBody) {
  StartEcho();
  const std::string answer = Ask("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("content-length: 8\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(ListenerTest, AnAnswerCannotSmuggleHeaders) {
  Start([](Request, std::shared_ptr<Response> response) {
    response->Send(200, {{"warning", "a\r\nset-cookie: b"}}, "");
  });
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr("warning: aset-cookie: b\r\n"));
}

TEST_F(ListenerTest, AHandlerThatDoesNotAnswerIsAnError) {
  Start([](Request, std::shared_ptr<Response>) {});
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 500 Internal Server Error"));
}

TEST_F(ListenerTest, AStreamComesPieceByPiece) {
  std::promise<std::shared_ptr<Response>> started;
  Start([&](Request, std::shared_ptr<Response> response) {
    response->Begin(200, {{"content-type", "application/json"}});
    started.set_value(response);
  });
  Client client(address_);
  client.Write("GET /watch HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("transfer-encoding: chunked"));
  const auto response = started.get_future().get();
  EXPECT_TRUE(response->Write("first"));
  EXPECT_EQ(client.ReadUntil("first\r\n"), "5\r\nfirst\r\n");
  EXPECT_TRUE(response->Write("second event"));
  EXPECT_EQ(client.ReadUntil("event\r\n"), "c\r\nsecond event\r\n");
  response->End();
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "0\r\n\r\n");
  EXPECT_FALSE(response->Write("late"));
}

TEST_F(ListenerTest, AHandlerHearsOfAClientThatLeaves) {
  std::promise<void> gone;
  std::promise<std::shared_ptr<Response>> started;
  Start([&](Request, std::shared_ptr<Response> response) {
    response->OnGone([&] { gone.set_value(); });
    response->Begin(200, {});
    started.set_value(response);
  });
  Client client(address_);
  client.Write("GET /watch HTTP/1.1\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  client.Close();
  EXPECT_EQ(gone.get_future().wait_for(seconds(10)), std::future_status::ready);
  const auto response = started.get_future().get();
  EXPECT_FALSE(response->Write("late"));
  std::promise<void> at_once;
  response->OnGone([&] { at_once.set_value(); });
  EXPECT_EQ(at_once.get_future().wait_for(seconds(0)), std::future_status::ready);
}

TEST_F(ListenerTest, AStreamThatIsNotReadIsCutAtItsBound) {
  options_.limits.unread_bytes = 1 << 20;
  std::promise<size_t> written;
  Start([&](Request, std::shared_ptr<Response> response) {
    response->Begin(200, {});
    const std::string piece(64 << 10, 'x');
    size_t sum = 0;
    while (response->Write(piece)) sum += piece.size();
    written.set_value(sum);
  });
  Client client(address_);
  client.Write("GET /watch HTTP/1.1\r\n\r\n");
  // The kernel's buffers come on top of the bound.
  EXPECT_LT(written.get_future().get(), size_t{32} << 20);
}

TEST_F(ListenerTest, TooManyRequestsAreToldToComeAgain) {
  options_.handler_threads = 1;
  options_.max_queued = 1;
  std::promise<void> release;
  std::atomic<int> started{0};
  Start([&, released = release.get_future().share()](Request, std::shared_ptr<Response> response) {
    ++started;
    released.wait();
    response->Send(200, {}, "done");
  });
  const std::string request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  Client running(address_);
  running.Write(request);
  while (started == 0) std::this_thread::sleep_for(milliseconds(1));
  Client waiting(address_);
  waiting.Write(request);
  std::string refused;
  while (refused.find("429") == refused.npos && refused.find("done") == refused.npos) {
    Client client(address_);
    client.Write(request);
    refused = client.ReadToEnd();
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_THAT(refused, HasSubstr("retry-after: 1"));
  release.set_value();
  EXPECT_THAT(running.ReadToEnd(), EndsWith("done"));
  EXPECT_THAT(waiting.ReadToEnd(), EndsWith("done"));
}

TEST_F(ListenerTest, TheHandlerSeesTheClientsCertificateWhoeverSignedIt) {
  Start([](Request request, std::shared_ptr<Response> response) {
    response->Send(
        200, {},
        request.certificates == nullptr ? "none" : std::to_string(request.certificates->size()));
  });
  const std::string request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  Client without(address_);
  without.Write(request);
  EXPECT_THAT(without.ReadToEnd(), EndsWith("none"));
  Client with(address_, *cluster::Issue(*cluster::MakeAuthority("any"), {.common_name = "bob"}));
  with.Write(request);
  EXPECT_THAT(with.ReadToEnd(), EndsWith("1"));
}

TEST_F(ListenerTest, PlainHttpIsToldSo) {
  StartEcho();
  const int fd = ConnectTo(address_);
  const std::string_view request = "GET / HTTP/1.1\r\n\r\n";
  ASSERT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  char chunk[512];
  ssize_t count = 0;
  while ((count = recv(fd, chunk, sizeof(chunk), 0)) > 0) answer.append(chunk, count);
  close(fd);
  EXPECT_THAT(answer, HasSubstr("Client sent an HTTP request to an HTTPS server."));
}

TEST_F(ListenerTest, DrainFinishesAnswersAndEndsStreams) {
  std::promise<void> started;
  std::promise<void> release;
  Start([&, released = release.get_future().share()](Request request,
                                                     std::shared_ptr<Response> response) {
    if (request.path == "/watch") {
      response->Begin(200, {});
      response->Write("event");
      // Keeps the response, as a watch does.
      response->OnGone([response] {});
      return;
    }
    started.set_value();
    released.wait();
    response->Send(200, {}, "done");
  });
  Client idle(address_);
  idle.Write("");
  Client watch(address_);
  watch.Write("GET /watch HTTP/1.1\r\n\r\n");
  watch.ReadUntil("event\r\n");
  Client slow(address_);
  slow.Write("GET /slow HTTP/1.1\r\n\r\n");
  started.get_future().wait();
  std::thread drain([&] { listener_->Drain(seconds(10)); });
  EXPECT_EQ(watch.ReadToEnd(), "0\r\n\r\n");
  EXPECT_EQ(idle.ReadToEnd(), "");
  release.set_value();
  EXPECT_THAT(slow.ReadToEnd(), EndsWith("done"));
  drain.join();
}

TEST_F(ListenerTest, AnswersMayComeAfterTheListenerIsGone) {
  std::promise<std::shared_ptr<Response>> started;
  Start([&](Request, std::shared_ptr<Response> response) { started.set_value(response); });
  Client client(address_);
  client.Write("GET / HTTP/1.1\r\n\r\n");
  const auto response = started.get_future().get();
  listener_->Drain(milliseconds(50));
  listener_ = nullptr;
  response->Send(200, {}, "late");
}

TEST_F(ListenerTest, ManyClientsAtOnceEachGetTheirOwn) {
  StartEcho();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Client client(address_);
      for (int i = 0; i < 50; ++i) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        client.Write("GET " + path + " HTTP/1.1\r\n\r\n");
        if (client.ReadAnswer() == "GET " + path + "|") ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 50);
}

}  // namespace
}  // namespace kvplane::https
