// Runs the blocks of a kernel, one after the other, each thread of a block as a fiber.
#pragma once

#include <cstdint>

#include "include/device_language.h"
#include "shadow.h"

namespace cuda_emulator {

inline constexpr size_t kMaxSharedBytes = 48 << 10;  // without asking for more
inline constexpr unsigned kMaxThreads = 1024;

void run_grid(KernelCall& call, dim3 grid, dim3 block, size_t shared_bytes);

// The thread that runs now.
struct RunningThread {
  uint32_t in_grid = 0, in_block = 0;
  uint32_t block_size = 0;
  uint32_t tick = 0;        // of the block: how many synchronisations it has seen, of any kind
  uint32_t block_tick = 0;  // after the last one of the whole block
  uint32_t warp_tick = 0;   // after the last one of the thread's warp
};
const RunningThread* running_thread();  // nullptr: this thread of the host runs no kernel
Shadow& shared_shadow();
// Memory that a thread may use besides the device's: its stack, the kernel's arguments.
bool is_thread_memory(uintptr_t address);

}  // namespace cuda_emulator
