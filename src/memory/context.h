// What the thread is doing, as statistics and error messages show it.
#pragma once

#include <cstdint>

#include "core/thread_local.h"

namespace libtensor::memory {

// The user's tag: 0 is none.
extern LIBTENSOR_FAST_THREAD_LOCAL uint32_t current_tag;
// The operation, a string that lives for ever; nullptr: none.
extern LIBTENSOR_FAST_THREAD_LOCAL const char* current_operation;

}  // namespace libtensor::memory
