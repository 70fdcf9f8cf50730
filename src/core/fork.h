// What fork() must not break: in the child only the forking thread lives on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "core/eternal.h"
#include "core/single_threaded.h"

namespace libtensor {

// The order in which fork() takes all locks: one held while another is taken comes first. Of one
// level it takes the newest first, and so must whoever takes several.
enum class LockLevel {
  kPlugin,
  kOpening,
  kAccumulation,
  kRenewal,
  kLeaf,
  kHooks,
  kSaved,
  kGenerator,
  kHandles,
  kAnomaly,
  kMemory,
  kArena,
  kLiveBlocks,
  kSource,
  kHistory,
  kTags,
  kUses,
  kPool,
  kThreads,
  kWorkers
};

// A mutex that no other thread can leave locked in a forked child.
class ForkSafeMutex {
 public:
  explicit ForkSafeMutex(LockLevel level);
  ~ForkSafeMutex();
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  friend struct ForkHandlers;

  std::mutex mutex_;
  LockLevel level_;
  ForkSafeMutex* next_ = nullptr;
  bool held_for_fork_ = false;
};

// Holds a mutex where the process has other threads. For sections that start no thread.
class ShortLock {
 public:
  explicit ShortLock(ForkSafeMutex& mutex) : held_(single_threaded() ? nullptr : &mutex) {
    if (held_) held_->lock();
  }
  ~ShortLock() {
    if (held_) held_->unlock();
  }
  ShortLock(const ShortLock&) = delete;
  ShortLock& operator=(const ShortLock&) = delete;

 private:
  ForkSafeMutex* held_;
};

template <LockLevel kLevel>
struct MutexOfLevel : ForkSafeMutex {
  MutexOfLevel() : ForkSafeMutex(kLevel) {}
};

// Mutexes of one level, among which the address of what is guarded chooses: threads that work on
// different objects rarely meet. Few, since fork() holds all at once and ThreadSanitizer follows no
// more than 64 on a thread.
template <LockLevel kLevel>
class StripedMutex {
 public:
  static ForkSafeMutex& of(const void* object) {
    const size_t place = reinterpret_cast<uintptr_t>(object) / kObjectBytes % kCount;
    return Eternal<Stripes>::get().mutexes[place];
  }

 private:
  static constexpr size_t kCount = 6;
  static constexpr size_t kObjectBytes = 64;  // of the pool's blocks
  struct Stripes {
    MutexOfLevel<kLevel> mutexes[kCount];
  };
};

// Called in each child, with all locks held. One function; what is known of other threads goes.
void run_in_children(void (*handler)() noexcept);
// Is this a child of the process that loaded the library? Thread pools of the parent do not exist
// here.
bool in_forked_child();
// How many forks lie between that process and this one.
uint16_t fork_count();

}  // namespace libtensor
