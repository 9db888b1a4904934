#include "http/listening_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "certificate_authority.h"
#include "connection.h"

namespace kvshim::http {
namespace {

using ::testing::HasSubstr;

TEST(ListeningSocket, AddressTellsTheRealPort) {
  const auto socket = ListeningSocket::Open("127.0.0.1:0");
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_THAT(socket->address(), ::testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_FALSE(socket->is_unix());
  Connection connection(socket->address());
}

TEST(ListeningSocket, NoHostIsEveryInterface) {
  const auto socket = ListeningSocket::Open(":0");
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_THAT(socket->address(),
              ::testing::AnyOf(::testing::StartsWith("[::]:"), ::testing::StartsWith("0.0.0.0:")));
  Connection over_ipv4(socket->address());
}

TEST(ListeningSocket, NamesAndBracketsAreUnderstood) {
  const auto by_name = ListeningSocket::Open("localhost:0");
  EXPECT_TRUE(by_name.ok()) << by_name.status();
  const int ipv6 = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (ipv6 < 0) return;  // a machine without
  close(ipv6);
  const auto bracketed = ListeningSocket::Open("[::1]:0");
  if (bracketed.ok()) {
    EXPECT_THAT(bracketed->address(), ::testing::StartsWith("[::1]:"));
  }
}

TEST(ListeningSocket, WrongAddressesAreRefusedByName) {
  for (const std::string address :
       {"nowhere", "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
        "127.0.0.1:-1", "::1:80", "unix://", "no.such.host.invalid:0"}) {
    const auto socket = ListeningSocket::Open(address);
    ASSERT_FALSE(socket.ok()) << address;
    EXPECT_THAT(std::string(socket.status().message()), HasSubstr("listen on " + address));
  }
  const std::string long_path = "unix:///tmp/" + std::string(200, 'x');
  EXPECT_FALSE(ListeningSocket::Open(long_path).ok());
}

TEST(ListeningSocket, TakenPortIsRefusedByName) {
  const auto first = ListeningSocket::Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const auto second = ListeningSocket::Open(first->address());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(first->address()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use"));
}

TEST(ListeningSocket, UnixSocketGoesWithItsListener) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.File("kvshim.sock");
  {
    const auto socket = ListeningSocket::Open("unix://" + path);
    ASSERT_TRUE(socket.ok()) << socket.status();
    EXPECT_EQ(socket->address(), "unix://" + path);
    EXPECT_TRUE(socket->is_unix());
    Connection connection(socket->address());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListeningSocket, UnixSocketInUseIsRefusedAndGoesOn) {
  const testing::TemporaryDirectory directory;
  const std::string address = "unix://" + directory.File("kvshim.sock");
  const auto first = ListeningSocket::Open(address);
  ASSERT_TRUE(first.ok());
  const auto second = ListeningSocket::Open(address);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process serves it"));
  Connection connection(address);
}

TEST(ListeningSocket, UnixSocketThatNobodyServesIsReplaced) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.File("kvshim.sock");
  sockaddr_un name{.sun_family = AF_UNIX};
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(left);  // as a killed process leaves it
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto socket = ListeningSocket::Open("unix://" + path);
  ASSERT_TRUE(socket.ok()) << socket.status();
  Connection connection(socket->address());
}

TEST(ListeningSocket, FileOfAnotherKindIsNotTouched) {
  const testing::TemporaryDirectory directory;
  WriteFile(directory.File("data"), "precious");
  const auto socket = ListeningSocket::Open("unix://" + directory.File("data"));
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(std::filesystem::file_size(directory.File("data")), 8U);
}

}  // namespace
}  // namespace kvshim::http
