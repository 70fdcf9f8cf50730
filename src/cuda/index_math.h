// From an element's number to where it lies in memory.
#pragma once

#include <cstdint>

#include "core/error.h"
#include "core/host_device.h"
#include "core/loop_nest.h"

namespace libtensor::cuda {

// Calls are cut or refused beyond this many dims that cannot be merged: kernels' parameters have a
// fixed size.
inline constexpr int kMaxKernelDims = 16;
// Division of n < 2^31 by a number that is known before the kernel starts: a multiplication and a
// shift (T. Granlund, P. Montgomery, "Division by invariant integers using multiplication", 1994).
struct IndexDivider {
  uint32_t divisor = 1, magic = 1, shift = 0;

  IndexDivider() = default;
  // A size of 0 has no elements to divide, but must not stop the plan.
  explicit IndexDivider(uint32_t size) : divisor(size > 0 ? size : 1) {
    const uint32_t d = divisor;
    while (shift < 32 && (uint64_t{1} << shift) < d) ++shift;
    magic = static_cast<uint32_t>((uint64_t{1} << 32) * ((uint64_t{1} << shift) - d) / d + 1);
  }
  LIBTENSOR_HOST_DEVICE uint32_t divide(uint32_t n) const {
    const auto high = static_cast<uint32_t>(static_cast<uint64_t>(n) * magic >> 32);
    return (high + n) >> shift;
  }
};

// The dims of a call, innermost first, and the operands' steps along them.
template <int kOperands>
struct KernelNest {
  int32_t ndim = 0;
  IndexDivider shape[kMaxKernelDims];
  int64_t strides[kOperands][kMaxKernelDims];

  template <class Nest>
  explicit KernelNest(const Nest& nest) : ndim(nest.ndim) {
    check_as(Status::kNotImplemented, nest.ndim <= kMaxKernelDims, "more than ", kMaxKernelDims,
             " dimensions that cannot be merged are not supported on CUDA");
    for (int i = 0; i < nest.ndim; ++i) {
      shape[i] = IndexDivider(static_cast<uint32_t>(nest.shape[i]));
      for (int k = 0; k < kOperands; ++k) strides[k][i] = nest.strides[k][i];
    }
  }

  // Adds to each operand's offset that of the element with this number.
  LIBTENSOR_HOST_DEVICE void locate(uint32_t element, int64_t (&offsets)[kOperands]) const {
    for (int i = 0; i < ndim; ++i) {
      const uint32_t outer = shape[i].divide(element);
      const uint32_t inner = element - outer * shape[i].divisor;
      for (int k = 0; k < kOperands; ++k) offsets[k] += inner * strides[k][i];
      element = outer;
    }
  }
};

}  // namespace libtensor::cuda
