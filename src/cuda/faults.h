// What kernels find wrong with the numbers that they are given, told to the host without a wait: a
// record in pinned memory for each device, which a kernel writes when it meets the first fault, and
// which the host reads whenever it has waited for the device.
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "cuda/context.h"

namespace libtensor::cuda {

enum class FaultKind : int32_t {
  kIndex,         // index {value} is out of bounds for dimension {dim} with size {size}
  kIndexInSelf,   // index out of range in self
  kTarget,        // Target {value} is out of bounds.
  kZeroDivision,  // ZeroDivisionError
};

// What a launch knows of a fault that its kernel may meet.
struct FaultSite {
  FaultKind kind;
  int32_t dim = 0;
  const char* operation;  // lives as long as the process
  int64_t size = 0;
};

// `claimed` and `published` are the device's, `seen` is the host's: no word is written by both,
// between which nothing is atomic. All count faults; a device's threads may write the rest while
// claimed == seen, and the one whose claim succeeds does.
struct alignas(64) FaultRecord {
  unsigned long long claimed, published, seen;
  FaultSite site;
  int64_t value;
};

// The parameter of a kernel.
struct FaultReporter {
  FaultRecord* record;
  FaultSite site;

  FaultReporter(const Context& context, const FaultSite& where);
};

// Makes the device's record; before its first kernel.
void open_faults(int device);
// Throws Error with the first of the faults that the device has met since the last call. For when
// the host has waited.
void check_faults(int device);
// The same message where the host has looked itself.
[[noreturn, gnu::cold]] void fail_at(const FaultSite& site, int64_t value);

}  // namespace libtensor::cuda
