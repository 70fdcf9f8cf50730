// What the emulated runtime and the emulated libraries share.
#pragma once

#include <functional>
#include <mutex>

#include "include/cuda_runtime.h"

namespace cuda_emulator {

std::recursive_mutex& runtime_lock();
// Work of a library, without threads; it checks its own accesses (access.h).
void enqueue_routine(cudaStream_t stream, const char* name, std::function<void()> run);
// What is done even where a failed device drops its work.
void enqueue_bookkeeping(cudaStream_t stream, const char* name, std::function<void()> run);

}  // namespace cuda_emulator
