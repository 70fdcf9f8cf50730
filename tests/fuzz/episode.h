// A sequence of calls, from nothing to nothing.
#pragma once

#include <cstdint>

#include "fuzz/call.h"

namespace test {

inline constexpr size_t kLength = 160;  // calls of a sequence, not counting those in callbacks

// What a process that runs sequences tells the one that watches it, and is told.
struct Progress {
  uint64_t episode = 0, position = 0, called = 0, succeeded = 0;
  bool left_out[kLength] = {};
  char failure[2000] = "";
};

// False where something was wrong, which `progress.failure` then says.
bool run_episode(const Settings& settings, uint64_t seed, uint64_t episode, Progress& progress);
// The same with libFuzzer's bytes in place of a seed. "" where nothing was wrong.
std::string run_bytes(const Settings& settings, const uint8_t* data, size_t size);
// Several sequences at once, which share tensors that none of them writes.
bool run_threads(const Settings& settings, uint64_t seed, uint64_t episode, size_t threads,
                 Progress& progress);

}  // namespace test
