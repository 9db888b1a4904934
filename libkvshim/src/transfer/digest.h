// Digest: a number for what a store holds, by which a copy is compared with its source.
//
// The SHA-256 of every row are added up, so that rows may come in any order, and the sum, the count
// and the leases are hashed once more. Two stores with the same digest hold the same rows.
//
// Thread safety: a value.
//
//   Digest digest(Digest::Of::kVersions);
//   for (const KeyValue& row : rows) digest.Add(row);
//   digest.Text();  // 64 hexadecimal digits
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "kvshim/key_value.h"
#include "log/op.h"

namespace kvshim::transfer {

class Digest {
 public:
  enum class Of {
    kVersions,  // keys, values, leases, revisions and versions
    kValues,    // keys, values and leases: what a copy over etcd's API can keep
  };

  explicit Digest(Of of) : of_(of) {}

  void Add(const KeyValue& row);
  void Add(std::span<const log::LeaseGrant> leases);

  int64_t rows() const { return rows_; }
  std::string Text() const;
  bool operator==(const Digest& other) const = default;

 private:
  using Sum = std::array<uint64_t, 4>;

  void Add(const std::string& fields, std::string_view key, std::string_view value);

  Of of_;
  int64_t rows_ = 0;
  int64_t leases_ = 0;
  Sum sum_{};
};

}  // namespace kvshim::transfer
