// What goes to a socket: copied bytes and pieces where they lie, in any portions the socket takes.
#include "rpc/outbox.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace kvshim::rpc {
namespace {

// Memory that goes with its last reference, so that a piece that is sent too late is a fault.
class Value {
 public:
  explicit Value(size_t size) : bytes_(std::make_unique<std::string>(size, 'v')) {}

  Piece MakePiece() {
    ++references_;
    return {bytes_->data(), bytes_->size(), this, &kOwnership};
  }
  int references() const { return references_; }

 private:
  static void Retain(void* owner) { ++static_cast<Value*>(owner)->references_; }
  static void Release(void* owner) {
    Value& self = *static_cast<Value*>(owner);
    if (--self.references_ == 0) self.bytes_.reset();
  }
  static constexpr Ownership kOwnership{&Value::Retain, &Value::Release};

  int references_ = 0;
  std::unique_ptr<std::string> bytes_;
};

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_), 0); }
  ~OutboxTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  int fd() const { return ends_[0]; }
  // What has come, as far as it has.
  std::string Receive() {
    std::string bytes;
    std::string part(4096, '\0');
    ssize_t count = 0;
    while ((count = recv(ends_[1], part.data(), part.size(), 0)) > 0) {
      bytes.append(part, 0, static_cast<size_t>(count));
    }
    return bytes;
  }

 private:
  int ends_[2] = {};
};

TEST_F(OutboxTest, SendsCopiedBytesAndPiecesInTheirOrder) {
  Value value(3000);
  Outbox outbox;
  outbox.AppendCopy("a");
  outbox.AppendCopy("b");
  outbox.AppendShared(value.MakePiece());
  outbox.AppendShared(value.MakePiece());
  outbox.AppendCopy("c");
  EXPECT_EQ(outbox.size(), 6003U);
  EXPECT_EQ(value.references(), 2);
  EXPECT_EQ(outbox.Send(fd()), Outbox::Sent::kAll);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(value.references(), 0);
  EXPECT_EQ(Receive(), "ab" + std::string(6000, 'v') + "c");
}

TEST_F(OutboxTest, MorePiecesThanOneCallOfTheKernelTakesAreSent) {
  Value value(10);
  Outbox outbox;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    outbox.AppendCopy("-");
    outbox.AppendShared(value.MakePiece());
    expected += "-" + std::string(10, 'v');
  }
  std::string came;
  while (outbox.Send(fd()) == Outbox::Sent::kSome) came += Receive();
  EXPECT_TRUE(came + Receive() == expected);
  EXPECT_EQ(value.references(), 0);
}

TEST_F(OutboxTest, KeepsWhatTheSocketHasNoRoomFor) {
  Value value(100'000);
  std::string expected;
  Outbox unsent;
  {
    Outbox outbox;
    for (int i = 0; i < 40; ++i) {
      const std::string copied(static_cast<size_t>(i), 'c');
      outbox.AppendCopy(copied);
      outbox.AppendShared(value.MakePiece());
      expected += copied + std::string(100'000, 'v');
    }
    ASSERT_EQ(outbox.Send(fd()), Outbox::Sent::kSome);
    outbox.MoveTo(unsent);
    EXPECT_TRUE(outbox.empty());
  }
  EXPECT_GT(value.references(), 0) << "in the hands of what is unsent";
  std::string came = Receive();
  std::string rest;
  unsent.FlattenTo(rest);
  EXPECT_TRUE(came + rest == expected);
  unsent.AppendCopy("later");
  while (unsent.Send(fd()) == Outbox::Sent::kSome) came += Receive();
  EXPECT_TRUE(came + Receive() == expected + "later");
  EXPECT_EQ(value.references(), 0);
}

TEST_F(OutboxTest, GivesEverythingUpWhenItGoes) {
  Value value(1'000'000);
  {
    Outbox unsent;
    Outbox outbox;
    for (int i = 0; i < 4; ++i) outbox.AppendShared(value.MakePiece());
    ASSERT_EQ(outbox.Send(fd()), Outbox::Sent::kSome);
    outbox.MoveTo(unsent);
    outbox.AppendShared(value.MakePiece());
    EXPECT_GT(value.references(), 1);
  }
  EXPECT_EQ(value.references(), 0);
}

TEST_F(OutboxTest, AClosedSocketIsAFailure) {
  shutdown(fd(), SHUT_RDWR);
  Outbox outbox;
  outbox.AppendCopy("too late");
  EXPECT_EQ(outbox.Send(fd()), Outbox::Sent::kFailed);
}

}  // namespace
}  // namespace kvshim::rpc
