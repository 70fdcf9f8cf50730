// operator new, which this program replaces: it counts, and fails once where it is told to.
#pragma once

#include <atomic>
#include <cstdint>

namespace test {

extern std::atomic<int64_t> live_blocks, made_blocks, until_failure;

// src/core/pool.cpp: else each of the library's small objects is a block of its own.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

}  // namespace test
