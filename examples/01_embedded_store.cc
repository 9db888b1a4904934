// A store inside the program: writes, a guarded write, a list, and a read of the past.
//
//   01_embedded_store PATH    PATH: the SQLite file, made where it is missing
//
// Prints:
//   put at revision 2
//   created: yes
//   created again: no
//   /greeting/de = hallo
//   /greeting/en = hello
//   2 keys
//   at revision 2 there was 1
#include <cstdio>
#include <string>

#include "kvshim/store.h"

namespace {

// Creates `key` only where it does not exist: compare and write are one transaction.
kvshim::TxnRequest CreateIfMissing(const std::string& key, const std::string& value) {
  kvshim::TxnRequest txn;
  txn.compare.push_back({.target = kvshim::CompareTarget::kMod, .key = key, .number = 0});
  txn.success.push_back(kvshim::PutRequest{.key = key, .value = value});
  return txn;
}

absl::Status Run(const std::string& path) {
  auto opened = kvshim::Store::Open("sqlite://" + path, {});
  if (!opened.ok()) return opened.status();
  kvshim::Store& store = **opened;

  auto put = store.Put({.key = "/greeting/en", .value = "hello"});
  if (!put.ok()) return put.status();
  std::printf("put at revision %lld\n", static_cast<long long>(put->revision));

  for (const char* label : {"created", "created again"}) {
    auto created = store.Txn(CreateIfMissing("/greeting/de", "hallo"));
    if (!created.ok()) return created.status();
    std::printf("%s: %s\n", label, created->succeeded ? "yes" : "no");
  }

  auto list = store.Range({.key = "/greeting/", .range_end = "/greeting0"});
  if (!list.ok()) return list.status();
  for (const kvshim::KeyValue& kv : list->kvs) {
    std::printf("%s = %s\n", std::string(kv.key()).c_str(), std::string(kv.value()).c_str());
  }
  std::printf("%lld keys\n", static_cast<long long>(list->count));

  auto past = store.Range({.key = "/greeting/",
                           .range_end = "/greeting0",
                           .revision = put->revision,
                           .count_only = true});
  if (!past.ok()) return past.status();
  std::printf("at revision %lld there was %lld\n", static_cast<long long>(put->revision),
              static_cast<long long>(past->count));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Run(argc > 1 ? argv[1] : "example.db");
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
