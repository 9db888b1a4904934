// Source: a store whose contents are moved. Nothing is ever written to it.
//
// Thread safety: one thread at a time.
//
//   ASSIGN_OR_RETURN(auto source, OpenSource("postgres://kine:secret@db/kubernetes", {}));
//   ASSIGN_OR_RETURN(Inventory inventory, source->Look());
//   RETURN_IF_ERROR(source->Visit([&](const KeyValue& row) { ... }));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kvshim/key_value.h"
#include "log/op.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::transfer {

// What there is to be moved.
struct Inventory {
  int64_t revision = 1;
  int64_t compact_revision = 0;         // below it only the newest version of each key is known
  std::vector<log::LeaseGrant> leases;  // by their ids
  int64_t rows = 0;                     // that Visit gives
  int64_t keys = 0;                     // that live
};

struct SourceOptions {
  sql::NetworkOptions network;
  // Only the living keys, each in its newest version: for a target that can take no more.
  bool living_only = false;
  // Leases of an etcd begin anew with all the time that was granted, not with what is left of it.
  bool full_ttl = false;
  // Where both are in one database, kine's table is meant.
  bool prefer_kine = false;
};

class Source {
 public:
  virtual ~Source() = default;

  // What it is and where, without a password: "the kine database postgres://db:5432/kubernetes".
  virtual const std::string& name() const = 0;
  // The same for every name of the same store; an import that is resumed must not get another.
  virtual const std::string& origin() const = 0;

  // Decides what Visit gives: everything as it is at this moment.
  virtual absl::StatusOr<Inventory> Look() = 0;

  // In ascending order of (mod_revision, sub). kConflict (sql/error.h) where the source has changed
  // since Look in a way that keeps it from being read as it was: then look again.
  virtual absl::Status Visit(const std::function<absl::Status(const KeyValue&)>& visit) = 0;
};

// `name`: a database of kvshim's or of kine's (any DSN), or an etcd (http://HOST:PORT[,HOST:PORT]).
absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& name,
                                                   const SourceOptions& options);

// Whether the name is an etcd's.
bool IsEtcd(const std::string& name);

}  // namespace kvshim::transfer
