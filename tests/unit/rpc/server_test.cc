// The server around the calls: draining, connections from outside, health, reflection, limits.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "client.h"
#include "journal.h"

namespace kvshim::rpc {
namespace {

constexpr char kBidi[] = "/test.Streams/Bidi";
constexpr char kEcho[] = "/test.Streams/Echo";

const absl::Status& Stopped() {
  static const absl::Status status = absl::UnavailableError("etcdserver: server stopped");
  return status;
}

Service HoldingService(Journal& journal, std::optional<UnaryCall>& held) {
  Service service("test.Holding");
  service.Unary("Hold", [&](UnaryCall call) {
    held = std::move(call);
    journal.Note("held");
  });
  return service;
}

TEST(Server, DrainEndsStreamsWithTheStatus) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  ASSERT_TRUE(record.journal.WaitFor("open"));
  std::thread draining([&] { server->Drain(kPatience, Stopped()); });
  EXPECT_EQ(stream->Read(), std::nullopt);
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "etcdserver: server stopped");
  draining.join();
  EXPECT_EQ(record.journal.Count("done"), 1U);
  EXPECT_EQ(record.journal.Count("destroyed"), 1U);
  EXPECT_EQ(server->active_calls(), 0U);
}

TEST(Server, DrainLetsUnaryCallsFinishAndAnswersNewOnesWithTheStatus) {
  Journal journal;
  std::optional<UnaryCall> held;
  TestServer server({}, HoldingService(journal, held));
  Client client(server.port());
  const auto pending = client.StartCall("/test.Holding/Hold", "x");
  ASSERT_TRUE(journal.WaitFor("held"));
  std::thread draining([&] { server->Drain(kPatience, Stopped()); });
  // Until the drain has begun, calls are served: the held call is replaced, which answers it.
  while (server->active_calls() == 1) {
    const Reply reply = client.Call("/grpc.health.v1.Health/Check", "");
    if (reply.bytes != "\x08\x01") break;  // NOT_SERVING, or gone
  }
  const Reply late = client.Call("/test.Holding/Hold", "late");
  EXPECT_EQ(late.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  held->Finish(Message::Copy("finished"));
  EXPECT_EQ(pending->Take().bytes, "finished");
  draining.join();
}

TEST(Server, DrainCutsWhatTakesLongerThanItsGrace) {
  Journal journal;
  std::optional<UnaryCall> held;
  TestServer server({}, HoldingService(journal, held));
  Client client(server.port());
  const auto pending = client.StartCall("/test.Holding/Hold", "x");
  ASSERT_TRUE(journal.WaitFor("held"));
  server->Drain(std::chrono::milliseconds(50), Stopped());
  EXPECT_FALSE(pending->Take().status.ok());
  EXPECT_TRUE(held->cancelled());
}

TEST(Server, DrainEndsAStreamWhoseClientDoesNotRead) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  ASSERT_TRUE(record.journal.WaitFor("open"));
  for (int i = 0; i < 64; ++i) record.stream()->Send(Message::Copy(std::string(1 << 20, 'v')));
  server->Drain(std::chrono::milliseconds(100), Stopped());
  EXPECT_EQ(record.journal.Count("destroyed"), 1U);
  EXPECT_EQ(record.stream()->pending_bytes(), 0U);
}

// Streams that open at the very moment a drain begins must not be forgotten by it: a drain that
// does not end them waits for its whole grace.
TEST(Server, DrainForgetsNoStreamThatOpensMeanwhile) {
  for (int round = 0; round < 5; ++round) {
    StreamRecord record;
    TestServer server({}, StreamService(record));
    Client client(server.port());
    ASSERT_TRUE(client.Connect());
    std::atomic<bool> stop{false};
    std::thread opening([&] {
      std::vector<std::unique_ptr<ClientStream>> streams;
      while (!stop && streams.size() < 1000) streams.push_back(client.Open(kBidi));
      for (const auto& stream : streams) EXPECT_FALSE(stream->Finish().ok());
    });
    ASSERT_TRUE(record.journal.WaitFor("open"));
    const auto start = std::chrono::steady_clock::now();
    server->Drain(kPatience, Stopped());
    EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience / 2);
    stop = true;
    opening.join();
    EXPECT_EQ(record.journal.Count("open"), record.journal.Count("destroyed"));
  }
}

TEST(Server, DrainAgainAndDestroyingAreHarmless) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  server->Drain({}, Stopped());
  server->Drain({}, Stopped());
  server.Stop();
}

// Listens by itself and hands connections over, as http::Listener does.
class Acceptor {
 public:
  explicit Acceptor(const std::string& unix_path = "") {
    if (unix_path.empty()) {
      sockaddr_in name{.sin_family = AF_INET};
      name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      fd_ = socket(AF_INET, SOCK_STREAM, 0);
      socklen_t size = sizeof(name);
      EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&name), size), 0);
      EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size), 0);
      port_ = ntohs(name.sin_port);
    } else {
      sockaddr_un name{.sun_family = AF_UNIX};
      unix_path.copy(name.sun_path, sizeof(name.sun_path) - 1);
      fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
      EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    }
    EXPECT_EQ(listen(fd_, 16), 0);
  }
  ~Acceptor() { close(fd_); }

  int port() const { return port_; }
  // The next connection and its first bytes, up to `most`.
  std::pair<int, std::string> Accept(size_t most) {
    const int fd = accept(fd_, nullptr, nullptr);
    std::string read(most, '\0');
    read.resize(most == 0 ? 0 : static_cast<size_t>(recv(fd, read.data(), most, 0)));
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return {fd, read};
  }

 private:
  int fd_ = -1;
  int port_ = 0;
};

TEST(Server, TakesConnectionsFromOutsideWithTheBytesReadSoFar) {
  StreamRecord record;
  record.script = EchoScript();
  TestServer server({}, StreamService(record));
  for (const size_t read_before : {0, 1, 24, 4096}) {
    Acceptor acceptor;
    std::thread handing([&] {
      const auto [fd, read] = acceptor.Accept(read_before);
      server->TakeConnection(fd, read);
    });
    Client client(acceptor.port());
    EXPECT_EQ(client.Call(kEcho, "hello").bytes, "hello") << read_before;
    const auto stream = client.Open(kBidi);
    stream->Write("streamed");
    EXPECT_EQ(stream->Read(), "streamed");
    handing.join();
  }
}

TEST(Server, TakesConnectionsOfUnixSockets) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  const std::string path = testing::TempDir() + base::Concat("rpc-", getpid(), ".sock");
  Acceptor acceptor(path);
  std::thread handing([&] {
    const auto [fd, read] = acceptor.Accept(24);
    server->TakeConnection(fd, read);
  });
  EXPECT_EQ(Client("unix:" + path).Call(kEcho, "hello").bytes, "hello");
  handing.join();
  std::filesystem::remove(path);
}

// Waits until the other side has closed the connection.
bool IsClosed(int fd) {
  timeval limit{.tv_sec = kPatience.count()};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  char bytes[256];
  ssize_t count = 0;
  while ((count = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
  }
  return count == 0 || errno == ECONNRESET;
}

int ConnectTo(int port) {
  sockaddr_in name{.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port))};
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  return fd;
}

TEST(Server, ConnectionHandedOverAfterADrainIsClosed) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  Acceptor acceptor;
  const int ours = ConnectTo(acceptor.port());
  const auto [fd, read] = acceptor.Accept(0);
  server->Drain({}, Stopped());
  server->TakeConnection(fd, read);
  EXPECT_TRUE(IsClosed(ours));
  close(ours);
}

TEST(Server, ClientThatDoesNotFinishTheHandshakeIsClosed) {
  StreamRecord record;
  TestServer server({.handshake_timeout = std::chrono::milliseconds(200)}, StreamService(record));
  for (const std::string_view bytes : {"", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    Acceptor acceptor;
    const int silent = ConnectTo(acceptor.port());
    const auto [fd, read] = acceptor.Accept(0);
    server->TakeConnection(fd, bytes);
    EXPECT_TRUE(IsClosed(silent)) << bytes;
    close(silent);
  }
}

TEST(Server, StrangersOnThePortAreClosedAndHarmNobody) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\xff'),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(100, '\xff')}) {
    const int fd = ConnectTo(server.port());
    send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(IsClosed(fd));
    close(fd);
  }
  EXPECT_EQ(Client(server.port()).Call(kEcho, "x").bytes, "x");
}

// What a client of raw bytes hears until it is closed.
std::string Converse(int port, const std::string& bytes) {
  const int fd = ConnectTo(port);
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  timeval limit{.tv_sec = kPatience.count()};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  std::string heard;
  char part[4096];
  while (const ssize_t count = recv(fd, part, sizeof(part), 0)) {
    if (count < 0) break;
    heard.append(part, static_cast<size_t>(count));
  }
  close(fd);
  return heard;
}

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string Frame(char type, char flags, std::string_view payload, uint32_t stream = 0) {
  const size_t size = payload.size();
  std::string frame = {static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                       static_cast<char>(size), type, flags};
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(stream >> shift);
  return frame + std::string(payload);
}

TEST(Server, ClientThatPingsWithoutACallIsSentAway) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  std::string bytes = std::string(kPreface) + Frame(4, 0, "");
  for (int i = 0; i < 4; ++i) bytes += Frame(6, 0, "12345678");
  EXPECT_THAT(Converse(server.port(), bytes), testing::HasSubstr("too_many_pings"));
}

TEST(Server, SilentClientIsAskedWhetherItLivesAndClosedWhereItDoesNot) {
  StreamRecord record;
  TestServer server({.keepalive_interval = std::chrono::milliseconds(100),
                     .keepalive_timeout = std::chrono::milliseconds(100),
                     .handshake_timeout = std::chrono::milliseconds(50)},
                    StreamService(record));
  const std::string heard =
      Converse(server.port(), std::string(kPreface) + Frame(4, 0, "") + Frame(4, 1, ""));
  EXPECT_THAT(heard, testing::HasSubstr(Frame(6, 0, std::string(8, '\0'))));
  // One that answers is let be.
  Client client(server.port());
  const auto stream = client.Open(kBidi);
  record.journal.WaitFor("open");
  // gRPC's client answers while somebody waits for it.
  std::thread reading([&] { stream->Read(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(record.journal.Count("done"), 0U);
  stream->Cancel();
  reading.join();
}

TEST(Server, RequestsThatAreNotGrpcAreRefusedAsHttp) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  const std::string get = "\x82\x84\x86";  // GET / by http, of HPACK's table
  const std::string heard =
      Converse(server.port(), std::string(kPreface) + Frame(4, 0, "") + Frame(1, 5, get, 1) +
                                  Frame(7, 0, std::string(8, '\0')));
  // :status with a value of its own, "405", Huffman coded or not.
  EXPECT_THAT(heard, testing::AnyOf(testing::HasSubstr("405"), testing::HasSubstr("\x82\x68\x1b"),
                                    testing::HasSubstr(std::string("\x82\x68\x1b\xff"))));
}

TEST(Server, HealthSaysWhatSetServingSaid) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  Client client(server.port());
  const auto health = [&] { return client.Call("/grpc.health.v1.Health/Check", "").bytes; };
  EXPECT_EQ(health(), "\x08\x01");  // SERVING
  server->SetServing(false);
  EXPECT_EQ(health(), "\x08\x02");
  server->SetServing(true);
  EXPECT_EQ(health(), "\x08\x01");
}

TEST(Server, ReflectionListsTheServices) {
  StreamRecord record;
  TestServer server({}, StreamService(record));
  Client client(server.port());
  const auto stream = client.Open("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  ASSERT_TRUE(stream->Write("\x3a\x01*"));  // list_services: "*"
  const std::optional<std::string> services = stream->Read();
  ASSERT_TRUE(services.has_value());
  EXPECT_THAT(*services, testing::HasSubstr("test.Streams"));
  EXPECT_THAT(*services, testing::HasSubstr("grpc.reflection.v1alpha.ServerReflection"));
}

}  // namespace
}  // namespace kvshim::rpc
