// Running totals along a dim.
#pragma once

#include "core/calls/operand.h"

namespace libtensor {

enum class ScanOp : uint8_t { kSum, kProduct, kRecurrence };

// Along `dim`, in its order, for each line of elements that differ in that dim alone:
//   kSum         out[i] = out[i - 1] + in[i]
//   kProduct     out[i] = out[i - 1] * in[i]
//   kRecurrence  out[i] = out[i - 1] * factor[i] + in[i]; the first factor is not used
// and out[0] = in[0]. All are of one dtype, not bool, a recurrence's floating; `out` may be one of
// the others. Integers wrap around. Half types accumulate in float; float32, on the CPU, in
// float64. Strides along `dim` may be negative: the line's first element is then the last one in
// memory.
struct ScanCall {
  static constexpr const char* kName = "scan";

  ScanOp op;
  int ndim = 0;
  int dim = 0;
  const int64_t* shape = nullptr;
  Operand in{}, factor{}, out{};
};

}  // namespace libtensor
