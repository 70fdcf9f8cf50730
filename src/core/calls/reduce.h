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
  kAll,
  kVar,
  kStd,
  kProd
};
inline constexpr int kReduceOpCount = 13;

// out has stride 0 in the reduced dims. An empty reduction gives what is in brackets; the caller
// has refused those without.
//   kSum (0), kMean (NaN)             half types accumulate in float, integers in int64
//   kProd (1)                         up to float32 they accumulate in float64 on the CPU, in float
//                                     elsewhere, integers in int64
//   kMax, kMin                        a NaN is greater and less than all else; the first one wins
//   kMaxIndex, kMinIndex              these, and the position along the one reduced dim to `second`
//   kArgMax, kArgMin                  the position alone, in the order of the reduced dims taken as
//                                     one; of equals the first
//   kAny (false), kAll (true)
//   kVar, kStd (NaN)                  the variance, or its root, and the mean to `second` where it
//                                     is given: the squares' sum is divided by max(0, count -
//                                     correction). Up to float32 they accumulate in float64 on the
//                                     CPU, in float elsewhere
// Positions are int64.
struct ReduceCall {
  static constexpr const char* kName = "reduce";

  ReduceOp op;
  int ndim = 0;
  const int64_t* shape = nullptr;  // of the input
  uint64_t reduced = 0;            // bit i: dim i is reduced
  double correction = 0;           // of kVar and kStd
  Operand in{}, out{}, second{};
};

}  // namespace libtensor
