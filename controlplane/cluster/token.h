// Token: what lets a server or a node into a cluster.
//
//   K10<sha256 of the server CA's certificate>::server:<password>
//
// The hash pins the authority: who holds the token knows the cluster it is for. A password alone is
// a token too, which pins nothing.
//
// Thread safety: values and pure functions.
//
//   ASSIGN_OR_RETURN(Token token, Token::Parse("K10af…::server:secret"));
//   token.password == "secret"
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::cluster {

struct Token {
  std::string ca_hash;  // empty: any
  std::string user;     // "server", "node"; empty where a password stands alone
  std::string password;

  // Errors tell the form that is wanted, and never repeat the text.
  static absl::StatusOr<Token> Parse(std::string_view text);
  std::string Text() const;
  bool operator==(const Token&) const = default;
};

// 128 random bits as 32 hexadecimal digits.
std::string RandomPassword();

// The password of nodes follows from that of servers, and not the other way round: a node cannot
// read what servers share.
std::string NodePassword(const std::string& server_password);

}  // namespace kvplane::cluster
