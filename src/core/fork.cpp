#include "core/fork.h"

#include <pthread.h>

#include <atomic>

namespace libtensor {
namespace {

constinit std::mutex list_mutex;
constinit ForkSafeMutex* first = nullptr;  // ordered by level
constinit std::atomic<bool> forked{false};

}  // namespace

struct ForkHandlers {
  ForkHandlers() { pthread_atfork(lock_all, unlock_all, unlock_child); }

  static void add(ForkSafeMutex* mutex) {
    std::lock_guard lock(list_mutex);
    ForkSafeMutex** place = &first;
    while (*place && (*place)->level_ <= mutex->level_) place = &(*place)->next_;
    mutex->next_ = *place;
    *place = mutex;
  }
  static void remove(ForkSafeMutex* mutex) {
    std::lock_guard lock(list_mutex);
    ForkSafeMutex** place = &first;
    while (*place != mutex) place = &(*place)->next_;
    *place = mutex->next_;
  }

 private:
  static void lock_all() {
    list_mutex.lock();
    for (ForkSafeMutex* mutex = first; mutex; mutex = mutex->next_) mutex->lock();
  }
  static void unlock_all() {
    for (ForkSafeMutex* mutex = first; mutex; mutex = mutex->next_) mutex->unlock();
    list_mutex.unlock();
  }
  static void unlock_child() {
    forked.store(true, std::memory_order_relaxed);
    unlock_all();
  }
};

namespace {
const ForkHandlers
    fork_handlers;  // registered when the library is loaded, and gone when it is unloaded
}

ForkSafeMutex::ForkSafeMutex(LockLevel level) : level_(level) { ForkHandlers::add(this); }
ForkSafeMutex::~ForkSafeMutex() { ForkHandlers::remove(this); }

bool in_forked_child() { return forked.load(std::memory_order_relaxed); }

}  // namespace libtensor
