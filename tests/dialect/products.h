// The products that the suite runs on. Shared are those that many servers may write to at once.
#pragma once

#include <functional>
#include <memory>
#include <ostream>

#include "dialect/mariadb_place.h"
#include "dialect/place.h"
#include "dialect/postgres_place.h"
#include "dialect/sqlite_place.h"

namespace kvshim::sql {

struct Product {
  const char* name;
  std::unique_ptr<Place> (*make)();
};

inline std::ostream& operator<<(std::ostream& out, const Product& product) {
  return out << product.name;
}

template <typename Made>
std::unique_ptr<Place> Make() {
  return std::make_unique<Made>();
}

inline constexpr Product kSqlite{"SQLite", Make<SqlitePlace>};
inline constexpr Product kPostgres{"PostgreSQL", Make<PostgresPlace>};
inline constexpr Product kMariaDb{"MariaDB", Make<MariaDbPlace>};
inline constexpr Product kAsGalera{"AsGalera", Make<AsGaleraPlace>};

inline auto AllProducts() { return ::testing::Values(kSqlite, kPostgres, kMariaDb, kAsGalera); }
inline auto SharedProducts() { return ::testing::Values(kPostgres, kMariaDb, kAsGalera); }

inline std::string ProductName(const ::testing::TestParamInfo<Product>& info) {
  return info.param.name;
}

}  // namespace kvshim::sql
