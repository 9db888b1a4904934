#include "sql/password.h"

#include <cstdlib>

#include "base/file.h"
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
    absl::StatusOr<std::string> text = base::ReadFile(*path);
    if (!text.ok()) {
      return absl::InvalidArgumentError(
          Concat("password_file: ", base::FromAbsl(text.status().message())));
    }
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    return *std::move(text);
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
