#include "http/protocol.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace kvshim::http {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What OpenSSL sends first, with this ALPN list.
std::string ClientHello(const std::string& alpn) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_tlsext_host_name(ssl.get(), "localhost");
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl.get());
  const char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  return std::string(data, static_cast<size_t>(size));
}

TEST(Protocol, PrefaceIsHttp2AndEverythingElseHttp1) {
  for (size_t size = 0; size < kPreface.size(); ++size) {
    EXPECT_EQ(ProtocolOf(kPreface.substr(0, size)), Protocol::kUndecided) << size;
    EXPECT_EQ(ProtocolOf(std::string(kPreface.substr(0, size)) + "x"), Protocol::kHttp1) << size;
  }
  EXPECT_EQ(ProtocolOf(kPreface), Protocol::kHttp2);
  EXPECT_EQ(ProtocolOf(std::string(kPreface) + "more"), Protocol::kHttp2);
  for (const char* bytes : {"G", "GET / HTTP/1.1\r\n\r\n", "POST", "P0", "\xff\xff"}) {
    EXPECT_EQ(ProtocolOf(bytes), Protocol::kHttp1) << bytes;
  }
}

TEST(Protocol, TlsClientsAreToldApartByTheirAlpnList) {
  EXPECT_EQ(ProtocolOfTls(ClientHello("\x02h2")), Protocol::kHttp2);
  EXPECT_EQ(ProtocolOfTls(ClientHello("\x08grpc-exp\x02h2")), Protocol::kHttp2);
  EXPECT_EQ(ProtocolOfTls(ClientHello("\x08http/1.1")), Protocol::kHttp1);
  EXPECT_EQ(ProtocolOfTls(ClientHello("\x02h2\x08http/1.1")), Protocol::kHttp1);
  EXPECT_EQ(ProtocolOfTls(ClientHello("\x03h2x")), Protocol::kHttp1);
  EXPECT_EQ(ProtocolOfTls(ClientHello("")), Protocol::kHttp1);
}

TEST(Protocol, TlsIsUndecidedUntilTheHelloIsWhole) {
  const std::string hello = ClientHello("\x02h2");
  for (size_t size = 0; size < hello.size(); ++size) {
    EXPECT_EQ(ProtocolOfTls(hello.substr(0, size)), Protocol::kUndecided) << size;
  }
  EXPECT_EQ(ProtocolOfTls(hello + "more"), Protocol::kHttp2);
}

TEST(Protocol, WhatIsNoClientHelloIsInvalid) {
  EXPECT_EQ(ProtocolOfTls("GET / HTTP/1.1\r\n\r\n"), Protocol::kInvalid);
  EXPECT_EQ(ProtocolOfTls(kPreface), Protocol::kInvalid);
  EXPECT_EQ(ProtocolOfTls("\x16\x03\x01\xff\xff"), Protocol::kInvalid);  // a record too large
  std::string other = ClientHello("\x02h2");
  other[5] = 2;  // a ServerHello
  EXPECT_EQ(ProtocolOfTls(other), Protocol::kInvalid);
}

// Damaged lengths lead neither outside of the bytes nor to HTTP/2 out of nowhere.
TEST(Protocol, DamagedHellosAreDecidedWithoutHarm) {
  const std::string hello = ClientHello("\x08http/1.1");
  for (size_t i = 5; i < hello.size(); ++i) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string damaged = hello;
      damaged[i] = value;
      EXPECT_NE(ProtocolOfTls(damaged), Protocol::kHttp2) << i;
      EXPECT_NE(ProtocolOfTls(damaged), Protocol::kUndecided) << i;
    }
  }
}

}  // namespace
}  // namespace kvshim::http
