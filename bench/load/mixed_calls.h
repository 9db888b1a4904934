// Reads and writes in a given ratio.
#pragma once

#include <vector>

#include "calls.h"

namespace kvshim::bench {

class MixedCalls final : public Calls {
 public:
  // `read_percent` of the requests are of `reads`. Both must stay.
  MixedCalls(Calls& reads, Calls& writes, int clients, int read_percent)
      : reads_(reads),
        writes_(writes),
        read_percent_(read_percent),
        reading_(static_cast<size_t>(clients)) {}

  const char* Next(int client, std::string& request) override {
    // Spread evenly: the share grows by this much with each request, and a whole is a read.
    share_ += read_percent_;
    const bool read = share_ >= 100;
    if (read) share_ -= 100;
    reading_[static_cast<size_t>(client)] = read;
    return (read ? reads_ : writes_).Next(client, request);
  }

  absl::Status Check(int client, const Reply& reply) override {
    return (reading_[static_cast<size_t>(client)] ? reads_ : writes_).Check(client, reply);
  }

 private:
  Calls& reads_;
  Calls& writes_;
  const int read_percent_;
  int share_ = 0;
  std::vector<bool> reading_;  // of each client's request that is under way
};

}  // namespace kvshim::bench
