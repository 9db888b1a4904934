#include "sql/password.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/strings.h"

namespace kvshim::sql {

using base::Concat;

absl::StatusOr<std::optional<std::string>> OutsidePassword(const Dsn& dsn) {
  const std::string* path = dsn.Find(kPasswordFile);
  const std::string* variable = dsn.Find(kPasswordEnv);
  if (path != nullptr && variable != nullptr) {
    return absl::InvalidArgumentError(
        "the database's name has both password_file and password_env; give one");
  }
  if (path != nullptr) {
    std::ifstream file(*path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) {
      return absl::InvalidArgumentError(
          Concat("password_file: cannot read ", *path, "; does it exist, with leave to read it?"));
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  }
  if (variable != nullptr) {
    const char* value = std::getenv(variable->c_str());
    if (value == nullptr) {
      return absl::InvalidArgumentError(Concat("password_env: the environment has no ", *variable));
    }
    return std::string(value);
  }
  return std::nullopt;
}

}  // namespace kvshim::sql
