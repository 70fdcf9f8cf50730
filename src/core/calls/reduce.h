// Many elements become one.
#pragma once

#include "core/calls/operand.h"

namespace libtensor {

enum class ReduceOp : uint8_t {
  kSum,
  kMean,
  kMax,
  kMin,
  kArgMax,
  kArgMin,
  kMaxIndex,
  kMinIndex,
  kAny,
  kAll
};

// out has stride 0 in the reduced dims. Sums and means of half types accumulate in float, of
// integers in int64. kMaxIndex/kMinIndex write the extreme value to `out` and its position along
// the one reduced dim to `index`; kArgMax/kArgMin write int64 positions to `out` only: in the order
// of the reduced dims taken as one. Ties go to the first position; a NaN is greater and less than
// all else, and the first NaN wins. kAny/kAll write bool. An empty reduction gives 0, NaN (mean),
// false, true; the caller has refused the others.
struct ReduceCall {
  static constexpr const char* kName = "reduce";

  ReduceOp op;
  int ndim = 0;
  const int64_t* shape = nullptr;  // of the input
  uint64_t reduced = 0;            // bit i: dim i is reduced
  Operand in{}, out{}, index{};    // index.dtype is int64
};

}  // namespace libtensor
