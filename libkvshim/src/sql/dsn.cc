#include "sql/dsn.h"

#include <algorithm>

#include "base/strings.h"

namespace kvshim::sql {
namespace {

using base::Concat;

bool IsSchemeCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

absl::Status ParseParameters(std::string_view text, Dsn& dsn) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(
          Concat("the database's name has the parameter \"", pair, "\": write it NAME=VALUE"));
    }
    dsn.parameters.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Dsn> Dsn::Parse(std::string_view text) {
  Dsn dsn{.scheme = std::string(kSqliteScheme)};
  if (const size_t mark = text.find("://");
      mark != std::string_view::npos && mark < std::min(text.find('?'), text.size()) &&
      std::ranges::all_of(text.substr(0, mark), IsSchemeCharacter)) {
    if (mark == 0) {
      return absl::InvalidArgumentError(
          Concat("the database's name \"", text, "\" lacks a scheme before \"://\""));
    }
    dsn.scheme.assign(text.substr(0, mark));
    text.remove_prefix(mark + 3);
  }
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the database's name contains a zero byte");
  }
  const size_t question = std::min(text.find('?'), text.size());
  dsn.address.assign(text.substr(0, question));
  text.remove_prefix(std::min(question + 1, text.size()));
  if (absl::Status status = ParseParameters(text, dsn); !status.ok()) return status;
  if (dsn.scheme == kSqliteScheme && dsn.address.empty()) dsn.address = kDefaultSqlitePath;
  return dsn;
}

const std::string* Dsn::Find(std::string_view name) const {
  for (auto it = parameters.rbegin(); it != parameters.rend(); ++it) {
    if (it->first == name) return &it->second;
  }
  return nullptr;
}

absl::Status Dsn::Accept(std::initializer_list<std::string_view> accepted) const {
  for (const auto& [name, value] : parameters) {
    if (std::ranges::find(accepted, name) != accepted.end()) continue;
    std::string list;
    for (std::string_view each : accepted) list += Concat(list.empty() ? "" : ", ", each);
    return absl::InvalidArgumentError(Concat("the database's name has the unknown parameter \"",
                                             name, "\"; ", scheme, ":// takes ", list));
  }
  return absl::OkStatus();
}

}  // namespace kvshim::sql
