// What the allocator counts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace libtensor::memory {

// A number of bytes and the most it has been.
struct Level {
  size_t now = 0;
  size_t peak = 0;

  void add(size_t bytes) {
    now += bytes;
    if (now > peak) peak = now;
  }
  void subtract(size_t bytes) { now -= bytes; }
  void reset_peak() { peak = now; }
};

// The same for all streams of a device at once.
class SharedLevel {
 public:
  void add(size_t bytes) {
    const size_t now = now_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    size_t peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }
  // False, and no change, where that would exceed `limit`.
  bool add_within(size_t bytes, size_t limit) {
    size_t now = now_.load(std::memory_order_relaxed);
    do {
      if (now > limit || bytes > limit - now) return false;
    } while (!now_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    add(0);  // the peak
    return true;
  }
  void subtract(size_t bytes) { now_.fetch_sub(bytes, std::memory_order_relaxed); }
  void reset_peak() { peak_.store(now(), std::memory_order_relaxed); }
  size_t now() const { return now_.load(std::memory_order_relaxed); }
  size_t peak() const { return peak_.load(std::memory_order_relaxed); }
  Level level() const { return {now(), peak()}; }

 private:
  std::atomic<size_t> now_{0};
  std::atomic<size_t> peak_{0};
};

// Bytes as they were asked for, in the callers' hands (allocated); bytes of blocks that cannot be
// reused now, with what rounding adds and those that other streams still use (active); bytes taken
// from the provider (reserved).
struct StreamStatistics {
  Level allocated, active, reserved;
  uint64_t allocations = 0;
  uint64_t frees = 0;
};

struct DeviceStatistics : StreamStatistics {
  uint64_t device_calls = 0;    // that took memory from the device or gave it back
  uint64_t waits = 0;           // for the device, to get memory back
  uint64_t pressure_calls = 0;  // of the host's callback
  uint64_t out_of_memory = 0;   // allocations that failed
  size_t capacity = 0;          // device memory, or the budget where that is less
};

}  // namespace libtensor::memory
