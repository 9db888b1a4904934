// ServedKinds: the kinds that a server serves now. Custom ones come and go while it runs: whoever
// looks takes the table that holds at that time, and keeps it for as long as it looks.
//
// Thread safety: every method may be called from any thread.
//
//   std::shared_ptr<const Kinds> kinds = served.Current();
//   for (const Kind& kind : kinds->kinds()) …
//   auto listening = served.Listen([] { … });   // until it is destroyed
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

class ServedKinds {
 public:
  using Listener = std::function<void(const Kinds& now)>;

  // Ends the calls of a listener; once it is destroyed none runs. The ServedKinds must outlive it.
  class Listening {
   public:
    Listening() = default;
    Listening(Listening&& other) noexcept { *this = std::move(other); }
    Listening& operator=(Listening&& other) noexcept;
    ~Listening();

   private:
    friend class ServedKinds;
    Listening(ServedKinds* kinds, uint64_t id) : kinds_(kinds), id_(id) {}

    ServedKinds* kinds_ = nullptr;
    uint64_t id_ = 0;
  };

  ServedKinds();

  std::shared_ptr<const Kinds> Current() const;
  // Tells the listeners before it returns.
  void Set(std::shared_ptr<const Kinds> kinds);

  // Is called after each change, on the thread that makes it, one call at a time, with the table as
  // it is then. It must not block, nor listen or cease to.
  [[nodiscard]] Listening Listen(Listener listener);

 private:
  mutable kvshim::base::Mutex mutex_;
  std::shared_ptr<const Kinds> current_ GUARDED_BY(mutex_);
  kvshim::base::Mutex listeners_mutex_;  // held while they are called
  std::map<uint64_t, Listener> listeners_ GUARDED_BY(listeners_mutex_);
  uint64_t next_ GUARDED_BY(listeners_mutex_) = 1;
};

}  // namespace kvplane::kinds
