// What fork() must not break: in the child only the forking thread lives on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

namespace libtensor {

// The order in which fork() takes all locks: one held while another is taken comes first. Of one
// level it takes the newest first, and so must whoever takes several.
enum class LockLevel {
  kPlugin,
  kAccumulation,
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
  kPool
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

// Mutexes of one level, among which the address of what is guarded chooses: threads that work on
// different objects rarely meet. Made on first use, and never destroyed: a host may release its
// objects at its very end.
template <LockLevel kLevel>
class StripedMutex {
 public:
  static ForkSafeMutex& of(const void* object) {
    static Stripes& stripes = *new (memory_) Stripes;
    return stripes.mutexes[reinterpret_cast<uintptr_t>(object) / kObjectBytes % kCount];
  }

 private:
  static constexpr size_t kCount = 16;
  static constexpr size_t kObjectBytes = 64;  // of the pool's blocks
  struct OfLevel : ForkSafeMutex {
    OfLevel() : ForkSafeMutex(kLevel) {}
  };
  struct Stripes {
    OfLevel mutexes[kCount];
  };
  alignas(Stripes) static inline unsigned char memory_[sizeof(Stripes)];
};

// Is this a child of the process that loaded the library? Thread pools of the parent do not exist
// here.
bool in_forked_child();

}  // namespace libtensor
