// Runs a trace through the library's allocator on a simulated device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trace.h"

namespace replay {

struct Options {
  size_t capacity = SIZE_MAX;
  bool virtual_memory = true;
  uint64_t lag = 0;  // events by which the device is behind the program
};

struct Result {
  bool completed = false;
  size_t events = 0;  // that were run
  size_t peak_reserved = 0;
  uint64_t device_calls = 0;
  uint64_t stalls = 0;
  double ns_per_event = 0;  // an allocation or a free
};

// Memory after each event.
struct Sample {
  size_t live, active, reserved;
};

Result replay(const Trace& trace, const Options& options, std::vector<Sample>* samples = nullptr);

// The smallest capacity at which the trace completes, to the device's granularity; found by
// bisection. `peak_reserved` is what it reserves without a limit.
size_t min_capacity(const Trace& trace, Options options, size_t peak_reserved);

}  // namespace replay
