// A barrier on all threads of the process, made by one of them: the others need none of their own.
#pragma once

#if __has_include(<linux/membarrier.h>)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace libtensor {

// Whether there is one. To be called before the first.
inline bool register_barrier() noexcept {
#ifdef SYS_membarrier
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
#else
  return false;
#endif
}

// Each other thread has been at a full barrier between the beginning and the end of this call.
// False where the process may no longer do so.
inline bool barrier_on_all_threads() noexcept {
#ifdef SYS_membarrier
  const auto barrier = [] {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
  };
  return barrier() || (register_barrier() && barrier());
#else
  return false;
#endif
}

}  // namespace libtensor
