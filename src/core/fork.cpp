#include "core/fork.h"

#include <pthread.h>

#include <atomic>
#include <thread>

namespace libtensor {
namespace {

// Guards the list. The innermost of all locks, since a mutex may be made while others are held:
// fork takes it last, and looks whether the list has grown meanwhile.
constinit std::mutex list_mutex;
constinit ForkSafeMutex* first = nullptr;  // ordered by level, the newest of a level first
constinit uint64_t added = 0;
constinit bool forking = false;
constinit std::atomic<uint16_t> forks{0};
constinit std::atomic<void (*)() noexcept> child_handler{nullptr};

}  // namespace

struct ForkHandlers {
  ForkHandlers() { pthread_atfork(lock_all, unlock_all, unlock_child); }

  static void add(ForkSafeMutex* mutex) {
    std::lock_guard lock(list_mutex);
    ForkSafeMutex** place = &first;
    while (*place && (*place)->level_ < mutex->level_) place = &(*place)->next_;
    mutex->next_ = *place;
    *place = mutex;
    ++added;
  }
  // Whoever destroys a mutex holds no other: fork may wait for that one.
  static void remove(ForkSafeMutex* mutex) {
    std::unique_lock lock(list_mutex);
    while (forking) {  // on another thread, which may have come to this mutex
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    }
    ForkSafeMutex** place = &first;
    while (*place != mutex) place = &(*place)->next_;
    *place = mutex->next_;
  }

 private:
  // Ends with every mutex taken, and the list's.
  static void lock_all() {
    list_mutex.lock();
    while (forking) {  // a fork of another thread
      list_mutex.unlock();
      std::this_thread::yield();
      list_mutex.lock();
    }
    forking = true;
    for (;;) {
      const uint64_t known = added;
      for (ForkSafeMutex* mutex = first; mutex; mutex = mutex->next_) {
        list_mutex.unlock();
        mutex->lock();
        list_mutex.lock();
        mutex->held_for_fork_ = true;
      }
      if (added == known) return;
      unlock_held();
    }
  }
  static void unlock_held() {
    for (ForkSafeMutex* mutex = first; mutex; mutex = mutex->next_) {
      if (!mutex->held_for_fork_) continue;
      mutex->held_for_fork_ = false;
      mutex->unlock();
    }
  }
  static void unlock_all() {
    unlock_held();
    forking = false;
    list_mutex.unlock();
  }
  static void unlock_child() {
    forks.fetch_add(1, std::memory_order_relaxed);
    if (const auto handler = child_handler.load(std::memory_order_relaxed)) handler();
    unlock_all();
  }
};

namespace {
const ForkHandlers
    fork_handlers;  // registered when the library is loaded, and gone when it is unloaded
}

ForkSafeMutex::ForkSafeMutex(LockLevel level) : level_(level) { ForkHandlers::add(this); }
ForkSafeMutex::~ForkSafeMutex() { ForkHandlers::remove(this); }

void run_in_children(void (*handler)() noexcept) { child_handler = handler; }
bool in_forked_child() { return fork_count() != 0; }
uint16_t fork_count() { return forks.load(std::memory_order_relaxed); }

}  // namespace libtensor
