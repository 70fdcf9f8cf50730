// What fork() must not break: in the child only the forking thread lives on.
#pragma once

#include <mutex>

namespace libtensor {

// The order in which fork() takes all locks: one held while another is taken comes first.
enum class LockLevel {
  kPlugin,
  kAccumulation,
  kLeaf,
  kHooks,
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
};

// Is this a child of the process that loaded the library? Thread pools of the parent do not exist
// here.
bool in_forked_child();

}  // namespace libtensor
