#include "guard/driver/served_store.h"

#include <algorithm>
#include <utility>

#include "guard/driver/head_only_database.h"
#include "guard/driver/requests.h"
#include "micro/must.h"
#include "micro/pods.h"

namespace kvshim::guard {

using micro::Must;

ServedStore::ServedStore(int64_t pods) : pods_(pods) {
  store::EngineSeams seams;
  seams.database = [this] { return std::make_unique<HeadOnlyDatabase>(gate_); };
  // Values that leave memory could not be read back.
  engine_ = Must(store::Engine::Open("", {.memory_budget = size_t{256} << 20}, std::move(seams)));
  context_ = std::make_unique<etcd::ServiceContext>(
      etcd::ServiceContext{.store = *engine_, .max_request_bytes = size_t{3} << 19});
  client_ = std::make_unique<Client>(*context_);
  constexpr int64_t kAtOnce = 1000;
  for (int64_t first = 0; first < pods; first += kAtOnce) {
    std::vector<std::string> requests;
    for (int64_t pod = first; pod < std::min(pods, first + kAtOnce); ++pod) {
      requests.push_back(PutBytes(micro::PodKey(pod), micro::PodValue()));
    }
    Write("Put", std::move(requests));
  }
}

void ServedStore::Write(const std::string& method, std::vector<std::string> requests) {
  gate_.Close();
  for (size_t i = 0; i + 1 < requests.size(); ++i) {
    client_->Send(method, std::move(requests[i]));
    if (i == 0) gate_.AwaitWaiting();
  }
  gate_.Open();
  client_->AwaitAnswers();
  WriteAlone(method, std::move(requests.back()));
}

void ServedStore::WriteAlone(const std::string& method, std::string request) {
  client_->Send(method, std::move(request));
  client_->AwaitAnswers();
}

int64_t ServedStore::ModRevision(const std::string& key) {
  return Must(engine_->Range({.key = key})).kvs.at(0).mod_revision();
}

}  // namespace kvshim::guard
