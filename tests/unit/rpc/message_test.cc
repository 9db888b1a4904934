// Messages made of copied and shared pieces; payloads.
#include "rpc/message.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rpc/payload.h"

namespace kvshim::rpc {
namespace {

void CountRelease(void* count) { ++*static_cast<int*>(count); }

// Takes the message apart, `step` bytes at a time.
std::string TakeAll(Message& message, size_t step) {
  std::string bytes;
  std::string part(step, '\0');
  while (const size_t count = message.Take(part.data(), step)) bytes.append(part, 0, count);
  return bytes;
}

TEST(Message, KeepsTheOrderOfCopiedAndSharedPieces) {
  int released = 0;
  const std::string shared(5000, 's');
  std::string expected;
  {
    Message message;
    for (int i = 0; i < 20; ++i) {
      const std::string copied(static_cast<size_t>(i) * 37, static_cast<char>('a' + i));
      message.AppendCopy(copied);
      message.AppendShared(shared, &released, CountRelease);
      expected += copied + shared;
    }
    EXPECT_EQ(message.size(), expected.size());
    EXPECT_EQ(message.Flatten(), expected);
    EXPECT_EQ(message.Flatten(), expected) << "flattening changes nothing";
    EXPECT_EQ(released, 0);
    EXPECT_EQ(TakeAll(message, 777), expected);
    EXPECT_EQ(message.size(), 0U);
    EXPECT_EQ(message.Flatten(), "");
    EXPECT_EQ(released, 20) << "given up once taken";
  }
  EXPECT_EQ(released, 20) << "once";
}

TEST(Message, GivesUpWhatWasNotTakenWhenItGoes) {
  int released = 0;
  const std::string shared(1000, 's');
  {
    Message message;
    for (int i = 0; i < 3; ++i) message.AppendShared(shared, &released, CountRelease);
    std::string part(1500, '\0');
    EXPECT_EQ(message.Take(part.data(), part.size()), part.size());
    EXPECT_EQ(message.size(), 1500U);
    EXPECT_EQ(message.Flatten(), std::string(1500, 's'));
    EXPECT_EQ(released, 1);
    message.AppendCopy("more");
    EXPECT_EQ(message.size(), 1504U);
  }
  EXPECT_EQ(released, 3);
}

TEST(Message, GivesSharedPiecesUpWhenItIsNotSent) {
  int released = 0;
  const std::string shared(100, 's');
  {
    Message message(16);
    message.AppendShared(shared, &released, CountRelease);
    Message moved = std::move(message);
    EXPECT_EQ(released, 0);
    EXPECT_EQ(moved.Flatten(), shared);
  }
  EXPECT_EQ(released, 1);
}

TEST(Message, EmptySharedPieceIsReleasedAtOnce) {
  int released = 0;
  Message message;
  message.AppendShared("", &released, CountRelease);
  EXPECT_EQ(released, 1);
  EXPECT_EQ(message.size(), 0U);
}

TEST(Message, CopiesOfEverySizeSurvive) {
  for (const size_t size : {0, 1, 23, 24, 255, 256, 257, 65'535, 65'536, 65'537, 3'000'000}) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    Message whole = Message::Copy(bytes);
    EXPECT_TRUE(whole.Flatten() == bytes) << size;
    EXPECT_TRUE(TakeAll(whole, 16'384) == bytes) << size;
    Message pieces;
    for (size_t i = 0; i < size; i += 1000)
      pieces.AppendCopy(std::string_view(bytes).substr(i, 1000));
    EXPECT_TRUE(TakeAll(pieces, 100) == bytes) << size;
  }
}

TEST(Payload, ParsesItsMessage) {
  google::protobuf::StringValue value;
  value.set_value(std::string(1000, 'v'));
  const Payload payload(value.SerializeAsString());
  EXPECT_EQ(payload.size(), value.ByteSizeLong());
  google::protobuf::StringValue parsed;
  ASSERT_TRUE(payload.Parse(parsed));
  EXPECT_EQ(parsed.value(), value.value());
}

TEST(Payload, EmptyOneIsTheDefaultMessage) {
  google::protobuf::StringValue parsed;
  EXPECT_TRUE(Payload().Parse(parsed));
  EXPECT_TRUE(Payload("").Parse(parsed));
  EXPECT_EQ(parsed.value(), "");
  EXPECT_EQ(Payload().size(), 0U);
  EXPECT_EQ(Payload().bytes(), "");
}

TEST(Payload, BytesThatAreNoMessageAreRefused) {
  google::protobuf::StringValue parsed;
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\x0a"),
        std::string("\x0a\x05"
                    "abc"),
        std::string("\x0a\xff\xff\xff\xff\x0f"), std::string("\x00\x00", 2), std::string("\x0c")}) {
    EXPECT_FALSE(Payload(bytes).Parse(parsed)) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace kvshim::rpc
