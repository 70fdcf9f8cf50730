// How the threads of a block share out rows.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace libtensor::cuda {

inline constexpr uint32_t kReduceThreads = 256;

// A block works on several rows at once, with so many threads (a power of two) for each. Threads
// that follow each other take either elements of one row, or the same element of rows that follow
// each other: whichever lies closer in memory.
struct RowShape {
  uint32_t lanes;
  bool lanes_adjacent;

  static RowShape choose(int64_t length, int64_t rows, bool lanes_adjacent) {
    uint32_t lanes = 1;
    while (lanes < kReduceThreads && lanes < length) lanes *= 2;
    // Rows side by side are read whole cache lines at a time.
    if (!lanes_adjacent) {
      while (lanes > 8 && kReduceThreads / lanes < rows) lanes /= 2;
    }
    return {lanes, lanes_adjacent};
  }
  uint32_t rows_per_block() const { return kReduceThreads / lanes; }
};

}  // namespace libtensor::cuda
