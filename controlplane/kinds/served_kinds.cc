#include "kinds/served_kinds.h"

namespace kvplane::kinds {

using kvshim::base::MutexLock;

ServedKinds::Listening& ServedKinds::Listening::operator=(Listening&& other) noexcept {
  std::swap(kinds_, other.kinds_);
  std::swap(id_, other.id_);
  return *this;
}

ServedKinds::Listening::~Listening() {
  if (kinds_ == nullptr) return;
  MutexLock lock(kinds_->listeners_mutex_);
  kinds_->listeners_.erase(id_);
}

ServedKinds::ServedKinds() : current_(Kinds::With({})) {}

std::shared_ptr<const Kinds> ServedKinds::Current() const {
  MutexLock lock(mutex_);
  return current_;
}

void ServedKinds::Set(std::shared_ptr<const Kinds> kinds) {
  MutexLock calling(listeners_mutex_);
  {
    MutexLock lock(mutex_);
    current_.swap(kinds);
  }
  const std::shared_ptr<const Kinds> now = Current();
  for (const auto& [id, listener] : listeners_) listener(*now);
}

ServedKinds::Listening ServedKinds::Listen(Listener listener) {
  MutexLock lock(listeners_mutex_);
  const uint64_t id = next_++;
  listeners_.emplace(id, std::move(listener));
  return {this, id};
}

}  // namespace kvplane::kinds
