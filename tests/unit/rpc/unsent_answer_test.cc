// Answers whose client takes only a part of them: what is sent from where it lies stays there as
// long as it may be sent, and not longer.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "rpc/server.h"

namespace kvshim::rpc {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kValueSize = 100'000;
constexpr int kValues = 100;

// A value that is freed with its last reference.
struct Value {
  explicit Value(std::atomic<int>& held) : held(held), bytes(kValueSize, 'v') { ++held; }
  ~Value() { --held; }

  static void Retain(void* owner) { ++static_cast<Value*>(owner)->references; }
  static void Release(void* owner) {
    auto* value = static_cast<Value*>(owner);
    if (--value->references == 0) delete value;
  }

  std::atomic<int>& held;
  std::atomic<int> references{1};
  const std::string bytes;
};
constexpr Ownership kOwnership{&Value::Retain, &Value::Release};

std::string Frame(uint8_t type, uint8_t flags, uint8_t stream, std::string_view payload) {
  return std::string{0,
                     0,
                     static_cast<char>(payload.size()),
                     static_cast<char>(type),
                     static_cast<char>(flags),
                     0,
                     0,
                     0,
                     static_cast<char>(stream)} +
         std::string(payload);
}

// The client's side in its bytes: it lets the server send whatever it has and asks once.
std::string Call() {
  const std::string headers = std::string("\x83\x86") +             // POST, http
                              std::string("\x04\x0b/test.T/Get") +  // :path
                              std::string(
                                  "\x0f\x10\x10"
                                  "application/grpc");  // content-type
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, "\0\4\x7f\xff\xff\xff"sv) +
         Frame(8, 0, 0, "\x7f\0\0\0"sv) + Frame(1, 4, 1, headers) + Frame(0, 1, 1, "\0\0\0\0\0"sv);
}

class UnsentAnswerTest : public testing::Test {
 protected:
  UnsentAnswerTest() {
    std::vector<Service> services;
    services.emplace_back("test.T");
    services.back().Unary("Get", [this](UnaryCall call) {
      Message answer;
      for (int i = 0; i < kValues; ++i) {
        auto* value = new Value(held_);
        answer.AppendShared(value->bytes, value, kOwnership);
      }
      call.Finish(std::move(answer));
    });
    server_ = std::make_unique<Server>(ServerOptions{.threads = 1}, std::move(services));
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_ = ends[0];
    server_->TakeConnection(ends[1], "");
    Write(Call());
    while (taken_ < kValueSize) Read(kValueSize);  // until the answer has begun
  }
  ~UnsentAnswerTest() override { Disconnect(); }

  void Write(const std::string& bytes) const {
    EXPECT_EQ(send(client_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  // What has come, if anything has.
  void Read(size_t most) {
    std::string bytes(most, '\0');
    const ssize_t count = recv(client_, bytes.data(), most, MSG_DONTWAIT);
    if (count > 0) taken_ += static_cast<size_t>(count);
  }
  void Disconnect() {
    if (client_ >= 0) close(std::exchange(client_, -1));
  }
  void AwaitGivenUp() const {
    while (held_ > 0) std::this_thread::yield();
  }

  std::atomic<int> held_{0};
  std::unique_ptr<Server> server_;
  int client_ = -1;
  size_t taken_ = 0;
};

TEST_F(UnsentAnswerTest, IsGivenUpWhenTheClientGoesAway) {
  EXPECT_GT(held_, kValues / 2) << "no socket takes all of it";
  Disconnect();
  AwaitGivenUp();
}

TEST_F(UnsentAnswerTest, IsGivenUpWhenTheServerStops) {
  server_.reset();
  EXPECT_EQ(held_, 0);
}

// What nobody has asked the socket to take yet is given up at once; what has been handed over
// stays.
TEST_F(UnsentAnswerTest, OfACancelledCallStaysOnlyWhereItIsBeingSent) {
  Write(Frame(3, 0, 1, "\0\0\0\x08"sv));  // RST_STREAM
  while (held_ > kValues / 4) std::this_thread::yield();
  EXPECT_GT(held_, 0);
  while (held_ > 0) Read(1 << 20);
}

TEST_F(UnsentAnswerTest, IsSentToASlowClientAndGivenUpPieceByPiece) {
  constexpr int kUnderWay = 20;  // between the kernel and what notes that it has taken them
  while (held_ > 0) {
    Read(1 << 18);
    EXPECT_LE(held_, kValues - static_cast<int>(taken_ / kValueSize) + kUnderWay);
  }
  EXPECT_GT(taken_, kValueSize * (kValues - kUnderWay));
}

}  // namespace
}  // namespace kvshim::rpc
