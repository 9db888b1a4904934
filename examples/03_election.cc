// An election: the first candidate to create the key leads; its lease guards the key, so that when
// the leader is gone the next one takes over.
//
//   03_election PATH    PATH: the SQLite file, made where it is missing
//
// Prints:
//   first leads
//   second waits for first
//   first resigns
//   second leads
#include <cstdio>
#include <string>

#include "kvshim/store.h"

namespace {

constexpr char kKey[] = "/election/leader";

struct Candidate {
  std::string name;
  kvshim::LeaseId lease;
};

absl::StatusOr<Candidate> Enter(kvshim::Store& store, const std::string& name) {
  auto lease = store.LeaseGrant({.ttl = 10});
  if (!lease.ok()) return lease.status();
  return Candidate{name, lease->id};
}

// Tries to become the leader; answers who leads.
absl::StatusOr<std::string> Campaign(kvshim::Store& store, const Candidate& candidate) {
  kvshim::TxnRequest txn;
  txn.compare.push_back({.target = kvshim::CompareTarget::kCreate, .key = kKey, .number = 0});
  txn.success.push_back(
      kvshim::PutRequest{.key = kKey, .value = candidate.name, .lease = candidate.lease});
  txn.failure.push_back(kvshim::RangeRequest{.key = kKey});
  auto answer = store.Txn(std::move(txn));
  if (!answer.ok()) return answer.status();
  if (answer->succeeded) return candidate.name;
  return std::string(std::get<kvshim::RangeResponse>(answer->responses[0]).kvs[0].value());
}

absl::Status Run(const std::string& path) {
  auto opened = kvshim::Store::Open("sqlite://" + path, {});
  if (!opened.ok()) return opened.status();
  kvshim::Store& store = **opened;

  auto first = Enter(store, "first");
  auto second = Enter(store, "second");
  if (!first.ok()) return first.status();
  if (!second.ok()) return second.status();

  auto leader = Campaign(store, *first);
  if (!leader.ok()) return leader.status();
  std::printf("%s leads\n", leader->c_str());
  leader = Campaign(store, *second);
  if (!leader.ok()) return leader.status();
  std::printf("second waits for %s\n", leader->c_str());

  // The end of the lease deletes the key, as it would be if first had stopped sending keepalives.
  if (auto revoked = store.LeaseRevoke(first->lease); !revoked.ok()) return revoked.status();
  std::printf("first resigns\n");
  leader = Campaign(store, *second);
  if (!leader.ok()) return leader.status();
  std::printf("%s leads\n", leader->c_str());
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Run(argc > 1 ? argv[1] : "example.db");
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
