// Place: a fresh database of one product for one test, which is dropped with it.
//
// A new product is one file that defines a Place, and one line in products.h.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::sql {

class Place {
 public:
  virtual ~Place() = default;

  // Names the database, which does not exist at first.
  virtual std::string dsn() const = 0;
  virtual absl::StatusOr<std::unique_ptr<Database>> Open(const Dsn& dsn,
                                                         DatabaseOptions options) const = 0;

  // As an administrator, beside kvshim: SQL in the database, whose first column is answered.
  virtual std::vector<std::string> Query(const std::string& sql) = 0;
  // Makes the database without kvshim.
  virtual void Create() = 0;
  // Cuts every other connection to the database.
  virtual void CutConnections() {}
  // SQL that makes the tables those of a newer release.
  virtual std::string Renew() const {
    return "UPDATE kv_meta SET value = '9999' WHERE name = 'schema_version'";
  }
  // Where a row of the log stands in the table, as a condition of WHERE.
  virtual std::string RowsAt(int64_t revision) const { return "rev = " + std::to_string(revision); }

  std::unique_ptr<Database> MustOpen(DatabaseOptions options = {}) const {
    return MustOpen(dsn(), std::move(options));
  }
  std::unique_ptr<Database> MustOpen(const std::string& name, DatabaseOptions options = {}) const {
    auto database = Open(*Dsn::Parse(name), std::move(options));
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? *std::move(database) : nullptr;
  }
};

// A line of the file that KVSHIM_DATABASES names, which the ctest fixture `databases` writes.
inline std::string Entry(std::string_view name) {
  const char* path = std::getenv("KVSHIM_DATABASES");
  std::ifstream file(path != nullptr ? path : "");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(std::string(name) + "=")) return line.substr(name.size() + 1);
  }
  ADD_FAILURE() << "no " << name << " in the file " << (path != nullptr ? path : "(none)")
                << " that KVSHIM_DATABASES names; run this by ctest";
  return "";
}

// A name that no other test has.
inline std::string FreshName() {
  std::random_device random;
  return "kvshim_dialect_" + std::to_string((uint64_t{random()} << 32) | random());
}

}  // namespace kvshim::sql
