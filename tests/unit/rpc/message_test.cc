// Messages made of copied and shared pieces; payloads of one and of several slices.
#include "rpc/message.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rpc/payload.h"

namespace kvshim::rpc {
namespace {

void CountRelease(void* count) { ++*static_cast<int*>(count); }

std::string BytesOf(const grpc::ByteBuffer& buffer) { return std::string(Payload(buffer).bytes()); }

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
    {
      const grpc::ByteBuffer buffer = message.TakeBuffer();
      EXPECT_EQ(buffer.Length(), expected.size());
      EXPECT_EQ(BytesOf(buffer), expected);
      EXPECT_EQ(message.size(), 0U);
      EXPECT_EQ(message.Flatten(), "");
    }
    EXPECT_EQ(released, 20) << "given up with the buffer";
  }
  EXPECT_EQ(released, 20) << "once";
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
    EXPECT_TRUE(BytesOf(Message::Copy(bytes).TakeBuffer()) == bytes) << size;
    Message pieces;
    for (size_t i = 0; i < size; i += 1000)
      pieces.AppendCopy(std::string_view(bytes).substr(i, 1000));
    EXPECT_TRUE(BytesOf(pieces.TakeBuffer()) == bytes) << size;
  }
}

TEST(Payload, ParsesAcrossSlices) {
  google::protobuf::StringValue value;
  value.set_value(std::string(1000, 'v'));
  const std::string bytes = value.SerializeAsString();
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i < bytes.size(); i += 7) {
    slices.emplace_back(bytes.data() + i, std::min<size_t>(7, bytes.size() - i));
  }
  const Payload payload(grpc::ByteBuffer(slices.data(), slices.size()));
  EXPECT_EQ(payload.size(), bytes.size());
  google::protobuf::StringValue parsed;
  ASSERT_TRUE(payload.Parse(parsed));
  EXPECT_EQ(parsed.value(), value.value());
  EXPECT_EQ(payload.bytes(), bytes);
  EXPECT_EQ(payload.bytes(), bytes) << "again";
  ASSERT_TRUE(payload.Parse(parsed)) << "and after the slices were joined";
}

TEST(Payload, EmptyOneIsTheDefaultMessage) {
  google::protobuf::StringValue parsed;
  EXPECT_TRUE(Payload().Parse(parsed));
  EXPECT_TRUE(Payload::Copy("").Parse(parsed));
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
    EXPECT_FALSE(Payload::Copy(bytes).Parse(parsed)) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace kvshim::rpc
