// List: a doubly linked list threaded through its elements, so that a watcher moves between queues
// without an allocation. An element is in at most one list a hook.
//
// Thread safety: none.
//
//   struct Watcher { Hook<Watcher> queue; };
//   List<Watcher, &Watcher::queue> ready;
//   ready.PushBack(watcher);
//   ready.Remove(watcher);
#pragma once

#include <cstddef>

namespace kvshim::watch {

template <typename T>
struct Hook {
  T* previous = nullptr;
  T* next = nullptr;
};

template <typename T, Hook<T> T::* kHook>
class List {
 public:
  bool empty() const { return front_ == nullptr; }
  size_t size() const { return size_; }
  T* front() const { return front_; }
  static T* Next(const T* element) { return (element->*kHook).next; }

  void PushBack(T* element) {
    (element->*kHook) = {.previous = back_, .next = nullptr};
    (back_ != nullptr ? (back_->*kHook).next : front_) = element;
    back_ = element;
    ++size_;
  }

  // The element must be in this list.
  void Remove(T* element) {
    Hook<T>& hook = element->*kHook;
    (hook.previous != nullptr ? (hook.previous->*kHook).next : front_) = hook.next;
    (hook.next != nullptr ? (hook.next->*kHook).previous : back_) = hook.previous;
    hook = {};
    --size_;
  }

 private:
  T* front_ = nullptr;
  T* back_ = nullptr;
  size_t size_ = 0;
};

}  // namespace kvshim::watch
