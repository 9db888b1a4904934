// The listener with real sockets: HTTP/1.1 and gRPC on one port, plain, over unix sockets and TLS.
#include "http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "certificate_authority.h"
#include "connection.h"
#include "rpc/server.h"
#include "unit/rpc/client.h"

namespace kvshim::http {
namespace {

using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kEcho[] = "/test.Echo/Echo";
constexpr char kGet[] = "GET /page?name=x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

std::string GetTarget(const std::string& address) {
  return address.starts_with("unix://") ? "unix:" + address.substr(7) : address;
}

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    pages_.Add("/page", [](const Request& request) {
      const auto name = request.query.find("name");
      return Response{.body = "page " + (name == request.query.end() ? "" : name->second)};
    });
    pages_.Add("/large",
               [](const Request&) { return Response{.body = std::string(8 << 20, 'l')}; });
  }
  ~ListenerTest() override {
    if (listener_ != nullptr) listener_->Stop();
  }

  // Returns the address.
  std::string Start(ListenerOptions options = {}, const std::string& address = "127.0.0.1:0") {
    options.pages = &pages_;
    if (!options.take_http2) {
      options.take_http2 = [this](int fd, std::string_view read) {
        rpc_->TakeConnection(fd, read);
      };
    }
    if (rpc_ == nullptr) StartRpc(options.certificates);
    listener_ = std::make_unique<Listener>(std::move(options));
    const absl::Status added = listener_->AddAddress(address);
    EXPECT_TRUE(added.ok()) << added;
    listener_->Start();
    return listener_->addresses().front();
  }
  void StartRpc(Certificates* certificates) {
    rpc::Service service("test.Echo");
    service.Unary("Echo", [](rpc::UnaryCall call) {
      const std::string name = call.context().peer_common_name();
      call.Finish(rpc::Message::Copy(std::string(call.request().bytes()) + name));
    });
    std::vector<rpc::Service> services;
    services.push_back(std::move(service));
    rpc::ServerOptions options;
    if (certificates != nullptr) {
      options.tls = [certificates] { return certificates->context(); };
    }
    rpc_ = std::make_unique<rpc::Server>(std::move(options), std::move(services));
  }
  static std::string Ask(const std::string& address, std::string_view request) {
    Connection connection(address);
    connection.Write(request);
    const std::string answer = connection.ReadToEnd();
    EXPECT_TRUE(connection.closed()) << request.substr(0, 100);
    return answer;
  }

  Pages pages_;
  std::unique_ptr<rpc::Server> rpc_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, ServesGrpcAndHttpOnOnePort) {
  const std::string address = Start();
  rpc::Client client(address);
  EXPECT_EQ(client.Call(kEcho, "hello").bytes, "hello");
  const std::string answer = Ask(address, kGet);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\npage x"));
  EXPECT_EQ(client.Call(kEcho, "still").bytes, "still");
}

TEST_F(ListenerTest, ServesBothOverUnixSockets) {
  const testing::TemporaryDirectory directory;
  const std::string address = Start({}, "unix://" + directory.File("kvshim.sock"));
  EXPECT_EQ(rpc::Client(GetTarget(address)).Call(kEcho, "hello").bytes, "hello");
  EXPECT_THAT(Ask(address, kGet), EndsWith("\r\n\r\npage x"));
}

TEST_F(ListenerTest, ServesSeveralAddresses) {
  StartRpc(nullptr);
  listener_ = std::make_unique<Listener>(ListenerOptions{.pages = &pages_});
  ASSERT_TRUE(listener_->AddAddress("127.0.0.1:0").ok());
  ASSERT_TRUE(listener_->AddAddress(":0").ok());
  ASSERT_FALSE(listener_->AddAddress("nowhere").ok());
  listener_->Start();
  ASSERT_EQ(listener_->addresses().size(), 2U);
  for (const std::string& address : listener_->addresses()) {
    EXPECT_THAT(Ask(address, kGet), EndsWith("page x"));
  }
}

TEST_F(ListenerTest, ConnectionIsKeptForFurtherRequests) {
  const std::string address = Start();
  Connection connection(address);
  for (int i = 0; i < 3; ++i) {
    connection.Write("GET /page?name=end HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(connection.ReadUntil("page end"), StartsWith("HTTP/1.1 200 OK"));
  }
  // Two at once, in several pieces.
  connection.Write("GET /page?name=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /pa");
  EXPECT_THAT(connection.ReadUntil("page 1"), EndsWith("page 1"));
  connection.Write("ge?name=2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(connection.ReadUntil("page 2"), EndsWith("page 2"));
}

TEST_F(ListenerTest, RequestMayComeByteByByte) {
  const std::string address = Start();
  Connection connection(address);
  for (const char byte : std::string(kGet)) connection.Write(std::string(1, byte));
  EXPECT_THAT(connection.ReadToEnd(), EndsWith("page x"));
}

TEST_F(ListenerTest, HeadHasTheLengthAndNoBody) {
  const std::string answer =
      Ask(Start(), "HEAD /page?name=x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(ListenerTest, WrongRequestsAreAnsweredAndClosed) {
  const std::string address = Start();
  const auto status = [&](const std::string& request) {
    return Ask(address, request).substr(9, 3);
  };
  const std::string tail = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(status("GET /nothing" + tail), "404");
  EXPECT_EQ(status("POST /page" + tail), "405");
  EXPECT_EQ(status("SSH-2.0-x\r\n\r\n"), "400");
  EXPECT_EQ(status(std::string(100'000, '\xff')), "400");
  EXPECT_EQ(status("GET /" + std::string(200'000, 'a') + tail), "431");
  EXPECT_EQ(status("POST /page HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"), "413");
  EXPECT_THAT(Ask(address, kGet), EndsWith("page x")) << "and harm nobody";
}

TEST_F(ListenerTest, SilentAndSlowClientsAreClosed) {
  const std::string address =
      Start({.first_bytes_limit = milliseconds(150), .session = {.request = milliseconds(150)}});
  // Nothing; a beginning of HTTP/2; of a request; of a body; and a request, then nothing more.
  for (const std::string bytes :
       {"", "PRI * HT", "GET /pa", "POST /page HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
        "GET /page HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    Ask(address, bytes);
  }
}

TEST_F(ListenerTest, ClientThatDoesNotTakeItsAnswerIsClosed) {
  const std::string address = Start({.session = {.request = milliseconds(150)}});
  Connection connection(address);
  connection.Write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(milliseconds(600));
  EXPECT_LT(connection.ReadToEnd().size(), size_t{8} << 20);
  EXPECT_TRUE(connection.closed());
}

TEST_F(ListenerTest, SilentClientsDelayNobody) {
  const std::string address = Start();
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(std::make_unique<Connection>(address));
  EXPECT_THAT(Ask(address, kGet), EndsWith("page x"));
  EXPECT_EQ(rpc::Client(address).Call(kEcho, "hello").bytes, "hello");
}

TEST_F(ListenerTest, FurtherConnectionsThanAllowedAreClosed) {
  const std::string address = Start({.max_connections = 2});
  Connection first(address);
  Connection second(address);
  EXPECT_EQ(Ask(address, ""), "");
  first.Write(kGet);
  EXPECT_THAT(first.ReadToEnd(), EndsWith("page x"));
}

TEST_F(ListenerTest, WithoutGrpcHttp2IsClosed) {
  Pages pages;
  Listener monitors({.pages = &pages_});
  ASSERT_TRUE(monitors.AddAddress("127.0.0.1:0").ok());
  monitors.Start();
  EXPECT_EQ(Ask(monitors.addresses().front(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "");
  EXPECT_THAT(Ask(monitors.addresses().front(), kGet), EndsWith("page x"));
}

TEST_F(ListenerTest, StopClosesHttpAndLeavesGrpcAlone) {
  const std::string address = Start();
  rpc::Client client(address);
  EXPECT_EQ(client.Call(kEcho, "before").bytes, "before");
  Connection idle(address);
  Connection kept(address);
  kept.Write("GET /page?name=x HTTP/1.1\r\nHost: a\r\n\r\n");
  kept.ReadUntil("page x");
  listener_->Stop();
  listener_->Stop();
  kept.ReadToEnd();
  EXPECT_TRUE(kept.closed());
  idle.ReadToEnd();
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(client.Call(kEcho, "after").bytes, "after");
}

class TlsListenerTest : public ListenerTest {
 protected:
  void Load(const CertificateFiles& files) {
    auto loaded = Certificates::Load(files);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    certificates_ = *std::move(loaded);
  }
  ~TlsListenerTest() override {
    listener_ = nullptr;
    rpc_ = nullptr;
  }
  static rpc::Reply Call(const std::string& address, const CertificateAuthority& authority,
                         const Issued& own = {}) {
    grpc::SslCredentialsOptions options{authority.pem(), own.key, own.cert};
    return rpc::Client(address, grpc::SslCredentials(options)).Call(kEcho, "hello");
  }

  const CertificateAuthority authority_{"authority"};
  const testing::TemporaryDirectory directory_;
  std::unique_ptr<Certificates> certificates_;
};

TEST_F(TlsListenerTest, ServesGrpcAndHttpOnOnePort) {
  Load(authority_.IssueFiles(directory_, "server"));
  const std::string address = Start({.certificates = certificates_.get()});
  EXPECT_EQ(Call(address, authority_).bytes, "hello");
  for (const std::string alpn : {"", "\x08http/1.1", "\x02h2\x08http/1.1"}) {
    TlsConnection browser(address, {.trusted = authority_.pem(), .alpn = alpn});
    ASSERT_TRUE(browser.connected()) << alpn;
    EXPECT_EQ(browser.protocol(), alpn.empty() ? "" : "http/1.1");
    EXPECT_THAT(browser.Ask(kGet), EndsWith("\r\n\r\npage x"));
  }
}

TEST_F(TlsListenerTest, StrangersAreRefused) {
  Load(authority_.IssueFiles(directory_, "server"));
  const std::string address = Start({.certificates = certificates_.get()});
  const CertificateAuthority stranger("stranger");
  EXPECT_FALSE(Call(address, stranger).status.ok());
  EXPECT_FALSE(TlsConnection(address, {.trusted = stranger.pem()}).connected());
  EXPECT_EQ(Ask(address, kGet), "") << "plain text";
  EXPECT_FALSE(rpc::Client(address).Call(kEcho, "x").status.ok()) << "plain text";
  EXPECT_EQ(Call(address, authority_).bytes, "hello");
}

TEST_F(TlsListenerTest, SilentClientIsClosedAtEveryStage) {
  Load(authority_.IssueFiles(directory_, "server"));
  const std::string address = Start({.certificates = certificates_.get(),
                                     .first_bytes_limit = milliseconds(150),
                                     .session = {milliseconds(150), milliseconds(150)}});
  for (const std::string bytes : {"", "\x16\x03\x01\x02"}) EXPECT_EQ(Ask(address, bytes), "");
  TlsConnection browser(address, {.trusted = authority_.pem()});
  ASSERT_TRUE(browser.connected());
  EXPECT_EQ(browser.Ask("GET /pa"), "");
}

TEST_F(TlsListenerTest, TrustedAuthorityAdmitsOnlyItsClients) {
  const CertificateAuthority clients("clients");
  CertificateFiles files = authority_.IssueFiles(directory_, "server");
  files.ca_file = directory_.File("ca.crt");
  WriteFile(files.ca_file, clients.pem());
  Load(files);
  const std::string address = Start({.certificates = certificates_.get()});
  const Issued member = clients.Issue("alice");
  EXPECT_EQ(Call(address, authority_, member).bytes, "helloalice") << "its name is known";
  EXPECT_FALSE(Call(address, authority_).status.ok());
  EXPECT_FALSE(Call(address, authority_, authority_.Issue("mallory")).status.ok());
  TlsConnection with(address, {authority_.pem(), "", member.cert, member.key});
  EXPECT_THAT(with.Ask(kGet), EndsWith("page x"));
  EXPECT_EQ(TlsConnection(address, {.trusted = authority_.pem()}).Ask(kGet), "");
}

TEST_F(TlsListenerTest, ChangedCertificatesAreServedToNewConnections) {
  const CertificateFiles files = authority_.IssueFiles(directory_, "server");
  Load(files);
  const std::string address = Start({.certificates = certificates_.get()});
  rpc::Client before(address, grpc::SslCredentials(grpc::SslCredentialsOptions{authority_.pem()}));
  EXPECT_EQ(before.Call(kEcho, "hello").bytes, "hello");
  const CertificateAuthority renewed("renewed");
  const Issued issued = renewed.Issue("server");
  WriteFile(files.key_file, issued.key);
  WriteFile(files.cert_file, issued.cert);
  // The files are looked at once a second.
  bool taken = false;
  for (int i = 0; i < 100 && !taken; ++i) {
    taken = TlsConnection(address, {.trusted = renewed.pem()}).connected();
    if (!taken) std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_TRUE(taken);
  EXPECT_EQ(Call(address, renewed).bytes, "hello") << "of gRPC too, at once";
  EXPECT_FALSE(Call(address, authority_).status.ok());
  EXPECT_EQ(before.Call(kEcho, "still").bytes, "still") << "open connections go on";
}

}  // namespace
}  // namespace kvshim::http
