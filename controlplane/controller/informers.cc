#include "controller/informers.h"

#include <cstdlib>
#include <future>

#include "base/logger.h"
#include "base/status.h"

namespace kvplane::controller {

namespace {

// Returns when the executor's thread has run it, or the caller's where the executor has stopped.
template <typename Function>
void RunOn(kvshim::base::Executor& executor, Function function) {
  std::promise<void> ran;
  const bool taken = executor.Submit([&] {
    function();
    ran.set_value();
  });
  if (taken) {
    ran.get_future().wait();
  } else {
    function();
  }
}

}  // namespace

const kinds::Kind& BuiltIn(std::string_view group_version, std::string_view plural) {
  const kinds::Served* served = kinds::Kinds::BuiltIn().Find(group_version, plural);
  if (served == nullptr || served->kind == nullptr) {
    kvshim::base::Log(kvshim::base::Level::kError, "a controller asks for a kind that is not known",
                      {{"group_version", group_version}, {"plural", plural}});
    std::abort();
  }
  return *served->kind;
}

Informer& Informers::Of(const kinds::Kind& kind) {
  Entry& entry = informers_[kind.prefix];
  if (entry.informer == nullptr) {
    entry.informer = std::make_unique<Informer>(registry_, kind, executor_);
  }
  return *entry.informer;
}

absl::Status Informers::Start() {
  for (auto& [prefix, entry] : informers_) {
    if (entry.started) continue;
    RETURN_IF_ERROR(entry.informer->Start());
    entry.started = true;
  }
  return absl::OkStatus();
}

void Informers::Stop() {
  RunOn(executor_, [this] {
    for (auto& [prefix, entry] : informers_) entry.informer->Stop();
  });
  // What was queued until then refers to informers.
  RunOn(executor_, [] {});
  informers_.clear();
}

}  // namespace kvplane::controller
